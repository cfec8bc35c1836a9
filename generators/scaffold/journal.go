package scaffold

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/internal/inputs"
	"github.com/apiserver-builder/builder/internal/regular"
)

// JournalName is the name of the file in a project's folder that lists all changes of a plan while they are applied. If the process is killed,
// the file stays.
const JournalName = ".builder-journal"

// A journal lists changes to files.
type journal struct {
	Changes []journalEntry `json:"changes"`
}

// A journalEntry is a change to one file.
type journalEntry struct {
	Change
	// Was is the digest of the content before the change. It is empty if the file did not exist.
	Was string `json:"was"`
	// Content is the content after the change.
	Content []byte `json:"content"`
}

// writeJournal writes the journal atomically.
func (t *transaction) writeJournal(changes []Change) error {
	var j journal
	for _, c := range changes {
		was, err := digestOf(t.dir, c.Path)
		if err != nil {
			return obstacle(regular.DirFS(t.dir), c.Path, err)
		}
		j.Changes = append(j.Changes, journalEntry{c, was, c.content})
	}
	content, err := json.Marshal(j)
	if err != nil {
		return err
	}
	staged := filepath.Join(t.stage, "journal")
	if err := os.WriteFile(staged, content, 0o600); err != nil {
		return err
	}
	return os.Rename(staged, filepath.Join(t.dir, JournalName))
}

// Recover completes the changes of a killed process in the folder dir, which the caller has locked. It keeps files that were edited after
// the process was killed. It returns a sentence for the user, which is empty if there was nothing to do.
func Recover(dir string) (news string, err error) {
	name := filepath.Join(dir, JournalName)
	content, err := regular.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read what an interrupted command left: %w", err)
	}
	j, err := parseJournal(dir, content)
	if err != nil {
		news := fmt.Sprintf("Deleted %s of an interrupted command, because it is unusable (%s): run that command again.", JournalName, err)
		return news, os.Remove(name)
	}
	todo, kept, err := j.rest(dir)
	if err != nil {
		return "", err
	}
	if err := errors.Join(removeStages(dir), apply(dir, todo, false)); err != nil {
		return "", fmt.Errorf("complete the changes of an interrupted command: %w", err)
	}
	switch {
	case len(kept) > 0:
		return fmt.Sprintf("Completed the changes of an interrupted command, and kept files that were edited after it: %s.", strings.Join(kept, ", ")), nil
	case len(todo) > 0:
		return "Completed the changes of an interrupted command.", nil
	}
	return "", nil
}

// rest returns the remaining changes in the folder dir, and the files whose content is neither the old nor the new one.
func (j journal) rest(dir string) (todo []Change, kept []string, err error) {
	for _, entry := range j.Changes {
		is, err := digestOf(dir, entry.Path)
		if irregular := (*regular.IrregularError)(nil); errors.As(err, &irregular) || errors.Is(err, syscall.ENOTDIR) {
			kept = append(kept, entry.Path)
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		becomes := ""
		if entry.Action != Deleted {
			becomes = digest(entry.Content)
		}
		switch is {
		case becomes:
		case entry.Was:
			change := entry.Change
			change.content = entry.Content
			todo = append(todo, change)
		default:
			kept = append(kept, entry.Path)
		}
	}
	return todo, kept, nil
}

func parseJournal(dir string, content []byte) (journal, error) {
	var j journal
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&j); err != nil {
		return j, err
	}
	for _, entry := range j.Changes {
		switch entry.Action {
		case Created, Updated, Deleted:
		default:
			return j, fmt.Errorf("unknown action %q", entry.Action)
		}
		if !inside(dir, entry.Path) {
			return j, fmt.Errorf("%q is not a path in the project", entry.Path)
		}
	}
	return j, nil
}

// inside reports whether a path leads to a file in the folder dir, not through a symbolic link and not into a version control system's folder.
// A repository may contain a malicious journal.
func inside(dir, name string) bool {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return false
	}
	folders := strings.Split(name, "/")
	for i, folder := range folders {
		if inputs.VersionControl(strings.ToLower(folder)) {
			return false
		}
		info, err := os.Lstat(filepath.Join(dir, filepath.Join(folders[:i]...)))
		if i > 0 && err == nil && info.Mode().Type() == fs.ModeSymlink {
			return false
		}
	}
	return true
}

// digestOf returns the digest of a file's content, or "" if the file does not exist.
func digestOf(dir, name string) (string, error) {
	content, err := regular.Read(filepath.Join(dir, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return digest(content), err
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Root returns the folder of the project around the folder dir: the nearest one, from dir upwards, that contains PROJECT, or the journal of
// a command that was killed before it wrote PROJECT.
func Root(dir string) (string, error) {
	for root := dir; ; root = filepath.Dir(root) {
		for _, name := range []string{project.FileName, JournalName} {
			// On a case-insensitive file system, this may be a folder named project.
			if info, err := os.Stat(filepath.Join(root, name)); err == nil && !info.IsDir() {
				return root, nil
			}
		}
		if root == filepath.Dir(root) {
			_, _, err := project.Find(dir)
			return "", err
		}
	}
}
