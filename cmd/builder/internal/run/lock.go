package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/apiserver-builder/builder/internal/regular"
)

const (
	// stateDir is the folder of all files of a run, relative to the project's folder.
	stateDir = ".builder"
	// lockFile is locked with flock by the process that runs the project, and contains its pid. It is never removed, because then two
	// processes could each lock a file with this name.
	lockFile = "run.lock"
	// pidTimeout is the timeout for a process to write its pid after it has acquired the lock, which usually takes much less.
	pidTimeout = 2 * time.Second
)

// Kubeconfig returns the path of the cluster-admin kubeconfig of the project in dir.
func Kubeconfig(dir string) string { return filepath.Join(dir, stateDir, "kubeconfig") }

// discoveryDir is the folder of kubectl's discovery cache, in the state folder.
const discoveryDir = "discovery"

// Discovery returns the folder in which kubectl may cache the discovery of the project in dir. Each run starts with an empty cache, because
// its APIs may differ.
func Discovery(dir string) string { return filepath.Join(dir, stateDir, discoveryDir) }

// A RunningError reports that a project is already running.
type RunningError struct {
	// PID is the process that runs it.
	PID int
}

func (e *RunningError) Error() string {
	return fmt.Sprintf(`this project is already running (pid %d): stop it with "builder stop"`, e.PID)
}

// acquire acquires the lock of the project with the given state folder. The lock ends when the file is closed, or with the process.
func acquire(ctx context.Context, state string) (*os.File, error) {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(state, 0o700); err != nil {
		return nil, err
	}
	file, err := regular.OpenFile(filepath.Join(state, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockAndSign(ctx, state, file); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func lockAndSign(ctx context.Context, state string, file *os.File) error {
	// Processes that check whether the lock is held also hold it for a moment: see holder.
	const looks = 200 * time.Millisecond
	for start := time.Now(); ; {
		free, err := tryLock(file, unix.LOCK_EX)
		if err != nil {
			return err
		}
		if free {
			break
		}
		if waited := time.Since(start); waited > looks {
			pid, err := holder(ctx, state, pidTimeout)
			if err != nil {
				return err
			}
			if pid != 0 {
				return &RunningError{PID: pid}
			}
			if waited > pidTimeout {
				return fmt.Errorf("another process keeps a shared lock on %s, for more than %s: find it with \"fuser %[1]s\" and end it", file.Name(), pidTimeout)
			}
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// tryLock tries to lock a file, and reports whether it succeeded.
func tryLock(file *os.File, how int) (bool, error) {
	err := unix.Flock(int(file.Fd()), how|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	return true, nil
}

// IsRunning reports whether a process runs the project in dir, even if its pid is unknown.
func IsRunning(dir string) (bool, error) {
	file, err := regular.Open(filepath.Join(dir, stateDir, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	free, err := tryLock(file, unix.LOCK_SH)
	return !free && err == nil, err
}

// Running returns the pid of the process that runs the project in dir, or 0 if there is none.
func Running(ctx context.Context, dir string) (int, error) {
	return holder(ctx, filepath.Join(dir, stateDir), pidTimeout)
}

// holder returns the pid of the process that holds the lock, or 0 if there is none. It returns an error if the lock is held during the
// whole timeout, and the process cannot be determined.
func holder(ctx context.Context, state string, timeout time.Duration) (int, error) {
	file, err := regular.Open(filepath.Join(state, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	deadline := time.Now().Add(timeout)
	// A process that has just acquired the lock has not written its pid yet, so the file may contain an older one. So a pid is valid if it
	// is read twice, at some interval, while the lock is held.
	for last := 0; ; {
		free, err := tryLock(file, unix.LOCK_SH)
		if free || err != nil {
			return 0, err
		}
		pid, problem := readHolder(file)
		if problem == "" && pid == last {
			return pid, nil
		}
		last = pid
		if time.Now().After(deadline) {
			return 0, fmt.Errorf("another process has held %s for %s, and which one can't be told (%s): if \"builder run\" runs in a container, stop it there; "+
				"else find the process with \"fuser %[1]s\" and end it", file.Name(), timeout, cmp.Or(problem, "the process id in the file changes"))
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// readHolder returns the pid in a lock file, or the reason why it is not the pid of a process that holds the lock.
func readHolder(file *os.File) (pid int, problem string) {
	const longest = 20 // more than the length of a pid
	content, err := io.ReadAll(io.NewSectionReader(file, 0, longest))
	if err != nil {
		return 0, err.Error()
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		return 0, "the file is empty"
	}
	pid, err = strconv.Atoi(text)
	if err != nil || pid <= 1 { // kill uses 0 and negative numbers for process groups
		return 0, fmt.Sprintf("the file has %q in place of a process id", text)
	}
	if !hasOpen(pid, file) {
		return 0, fmt.Sprintf("the file names process %d, which is not the one that holds it", pid)
	}
	return pid, ""
}

// sleep waits for some time, or until ctx is done, and then returns its cause.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
