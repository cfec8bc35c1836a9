package godriver

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/apiserver-builder/builder/internal/lock"
	"github.com/apiserver-builder/builder/internal/regular"
)

// A cache is a folder of the user with information on dependencies:
//
//	tables/KEY.json   the packages of other modules that a module may import
//	stubs/HASH/       the files of one package
//
// A process that adds or removes entries holds a lock on the folder. Entries get their name once they are complete,
// and do not change. They do not depend on the folder of a project.
type cache struct{ dir string }

// cacheVersion must change with the format of the cache, and with the content of stubs.
const cacheVersion = "v1"

// Tables that have not been used for unusedLimit are removed, together with the stubs that only they refer to.
const (
	unusedLimit   = 14 * 24 * time.Hour
	usedPrecision = 24 * time.Hour
)

func defaultCache() (cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return cache{}, err
	}
	return cache{filepath.Join(dir, "builder", "packages", cacheVersion)}, nil
}

func (c cache) tables() string               { return filepath.Join(c.dir, "tables") }
func (c cache) tableFile(key string) string  { return filepath.Join(c.tables(), key+".json") }
func (c cache) stubs() string                { return filepath.Join(c.dir, "stubs") }
func (c cache) stubDir(hash string) string   { return filepath.Join(c.stubs(), hash) }
func (c cache) stubIndex(hash string) string { return filepath.Join(c.stubDir(hash), "stub.json") }

// readTable returns the table with a key, or nil if there is none.
func (c cache) readTable(key string, now time.Time) *table {
	name := c.tableFile(key)
	content, err := regular.Read(name)
	if err != nil {
		return nil
	}
	t := &table{}
	if err := json.Unmarshal(content, t); err != nil || t.Go.Version == "" {
		return nil
	}
	if info, err := os.Stat(name); err == nil && now.Sub(info.ModTime()) > usedPrecision {
		_ = os.Chtimes(name, now, now) // a read-only cache still works
	}
	return t
}

func (c cache) writeTable(key string, t *table) error {
	content, err := json.Marshal(t)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.tables(), 0o700); err != nil {
		return err
	}
	return regular.Replace(c.tableFile(key), content)
}

// lock waits until no other process fills or prunes the cache. If unlock is not called, the lock ends with the process.
func (c cache) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, err
	}
	for {
		unlock, err := lock.Try(c.dir)
		if !errors.Is(err, lock.ErrHeld) {
			return unlock, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// prune removes tables that have not been used recently, and stubs that no table refers to. The caller holds the lock.
func (c cache) prune(now time.Time) error {
	names, err := filepath.Glob(filepath.Join(c.tables(), "*"))
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		if now.Sub(info.ModTime()) > unusedLimit {
			if err := os.Remove(name); err != nil {
				return err
			}
			continue
		}
		t := &table{}
		if content, err := regular.Read(name); err != nil || json.Unmarshal(content, t) != nil {
			continue
		}
		for _, dependency := range t.Packages {
			used[dependency.Stub] = true
		}
	}
	entries, err := os.ReadDir(c.stubs())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		if !used[entry.Name()] {
			err = errors.Join(err, os.RemoveAll(filepath.Join(c.stubs(), entry.Name())))
		}
	}
	return err
}
