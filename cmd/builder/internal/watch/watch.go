// Package watch reports changes to the files that a project is generated and built from.
package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// quiet is the time without events before the files are read, because an editor or git may change several files.
	quiet = 100 * time.Millisecond
	// longest limits the delay if a program writes continuously.
	longest = 2 * time.Second
)

// ErrGone reports that the project's folder no longer exists.
var ErrGone = errors.New("the project's folder is gone")

// A Tree watches the files of one project. Its methods are not safe for concurrent use.
type Tree struct {
	dir     string
	also    func(string) bool
	watcher *fsnotify.Watcher
	events  events

	modules modules
	// known contains the digests of the files when they were last read, own those of the files that the caller has written since.
	known, own map[string]digest
}

// A Change lists files that have changed.
type Change struct {
	// Paths lists the files that were written, created or deleted, sorted. Paths have slashes and are relative to the project's folder, or
	// absolute outside of it.
	Paths []string
	// Since is the time of the first event.
	Since time.Time
}

// String lists the files, or a few of them if there are many.
func (c Change) String() string {
	const most = 3
	if len(c.Paths) <= most {
		return strings.Join(c.Paths, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(c.Paths[:most], ", "), len(c.Paths)-most)
}

// New watches the project in the folder dir: its Go packages with embedded files, the inputs of generation, and the generated files. It
// also watches modules in other folders that go.work and the replacements in go.mod refer to. Other files of the project count if also,
// which may be nil, returns true for their relative path with slashes.
func New(ctx context.Context, dir string, also func(path string) bool) (*Tree, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, limits(fmt.Errorf("watch %s: %w", dir, err))
	}
	t := &Tree{dir: dir, also: also, watcher: watcher, events: events{signal: make(chan struct{}, 1)}, own: map[string]digest{}}
	go t.events.collect(watcher)
	t.modules = localModules(ctx, dir)
	if t.known, err = t.scan(); err != nil {
		return nil, errors.Join(err, watcher.Close())
	}
	return t, nil
}

// Close stops watching.
func (t *Tree) Close() error { return t.watcher.Close() }

// Wrote records files that the caller has written or deleted, so that Next does not report them. It still reports later changes by other
// programs.
func (t *Tree) Wrote(paths ...string) {
	for _, path := range paths {
		t.own[path] = t.read(path)
	}
}

// Next waits until files differ from their state when Next last returned, or when New returned.
func (t *Tree) Next(ctx context.Context) (Change, error) {
	for {
		since, err := t.events.waitQuiet(ctx)
		if err != nil {
			return Change{}, err
		}
		if _, err := os.Stat(t.dir); errors.Is(err, fs.ErrNotExist) {
			return Change{}, fmt.Errorf("%w: %s", ErrGone, t.dir)
		}
		now, err := t.scan()
		if err != nil {
			return Change{}, err
		}
		paths := t.different(now)
		t.known, t.own = now, map[string]digest{}
		if slices.ContainsFunc(paths, isModuleFile) {
			t.modules = localModules(ctx, t.dir)
			if t.known, err = t.scan(); err != nil {
				return Change{}, err
			}
		}
		if len(paths) > 0 {
			return Change{paths, since}, nil
		}
	}
}

// Changed reports whether files have changed, without waiting until there are no more events.
func (t *Tree) Changed() bool {
	if !t.events.any() {
		return false
	}
	now, err := t.scan()
	return err != nil || len(t.different(now)) > 0
}

// different returns the paths of the files that differ from their known state and from the state that the caller has written.
func (t *Tree) different(now map[string]digest) []string {
	all := maps.Clone(t.known)
	maps.Copy(all, now)
	var paths []string
	for path := range all {
		own, written := t.own[path]
		if now[path] != t.known[path] && (!written || now[path] != own) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// events collects the operating system's events until Next handles them.
type events struct {
	signal chan struct{} // contains an element if there are new events

	mu    sync.Mutex
	first time.Time // of the first event since the last call of waitQuiet
	err   error
}

// collect receives events from the watcher until it is closed.
func (e *events) collect(watcher *fsnotify.Watcher) {
	for {
		select {
		case event, ok := <-watcher.Events:
			if !ok {
				return
			}
			if event.Op != fsnotify.Chmod {
				e.note(nil)
			}
		case err, ok := <-watcher.Errors:
			if !ok {
				return
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				err = nil // all files are read anyway
			}
			e.note(err)
		}
	}
}

func (e *events) note(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.first.IsZero() {
		e.first = time.Now()
	}
	e.err = errors.Join(e.err, err)
	select {
	case e.signal <- struct{}{}:
	default:
	}
}

// any reports whether there was an event since the last call of waitQuiet.
func (e *events) any() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.first.IsZero()
}

// waitQuiet waits for an event, and then until there are no more. It returns the time of the first.
func (e *events) waitQuiet(ctx context.Context) (time.Time, error) {
	select {
	case <-ctx.Done():
		return time.Time{}, context.Cause(ctx)
	case <-e.signal:
	}
	over := time.After(longest)
	for settled := false; !settled; {
		select {
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		case <-e.signal:
		case <-time.After(quiet):
			settled = true
		case <-over:
			settled = true
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	first, err := e.first, e.err
	e.first, e.err = time.Time{}, nil
	return first, err
}

// limits adds instructions for raising a limit of the operating system to its error.
func limits(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: too many folders are watched on this machine: raise the limit with \"sudo sysctl fs.inotify.max_user_watches=524288\"", err)
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("%w: too many programs watch files, or this one may open too few: see \"sysctl fs.inotify.max_user_instances\" and \"ulimit -n\"", err)
	}
	return err
}
