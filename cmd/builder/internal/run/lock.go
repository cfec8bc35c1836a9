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

	"github.com/apiserver-builder/builder/generators/regular"
)

const (
	// stateDir holds everything that a run keeps, relative to the project's folder.
	stateDir = ".builder"
	// lockFile is held with flock by the process that runs the project, and has its pid in it. It is never removed: two
	// processes could then each hold a lock of that name.
	lockFile = "run.lock"
	// pidPatience is how long a process may take to write its pid once it holds the lock. It takes far less.
	pidPatience = 2 * time.Second
)

// Kubeconfig is the path of the cluster-admin kubeconfig of the project in dir.
func Kubeconfig(dir string) string { return filepath.Join(dir, stateDir, "kubeconfig") }

// discoveryDir is what kubectl remembers of the APIs, in the state folder.
const discoveryDir = "discovery"

// Discovery is the folder in which kubectl may remember which APIs the project in dir serves. It lasts as long as a run: in the next
// one they may be others.
func Discovery(dir string) string { return filepath.Join(dir, stateDir, discoveryDir) }

// A RunningError says that a project is running already.
type RunningError struct {
	// PID is the process that runs it.
	PID int
}

func (e *RunningError) Error() string {
	return fmt.Sprintf(`this project is running already (pid %d): "builder stop" stops it`, e.PID)
}

// acquire takes the lock of the project whose state is in the folder state. Closing the file gives it back, and so does the end of the process.
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
	// Somebody who only looks whether it is held holds it for a moment too: see holder.
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
			pid, err := holder(ctx, state, pidPatience)
			if err != nil {
				return err
			}
			if pid != 0 {
				return &RunningError{PID: pid}
			}
			if waited > pidPatience {
				return fmt.Errorf("another process keeps a shared lock on %s, for more than %s: find it with \"fuser %[1]s\" and end it", file.Name(), pidPatience)
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

// tryLock takes a lock on a file, unless somebody else's keeps it from that.
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

// IsRunning reports whether a process runs the project in dir. It need not be known which.
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

// Running returns the pid of the process that runs the project in dir, and 0 when none does.
func Running(ctx context.Context, dir string) (int, error) {
	return holder(ctx, filepath.Join(dir, stateDir), pidPatience)
}

// holder returns the pid of the process that holds the lock, and 0 when none does. It fails when the lock is held all through the
// time of patience and the process can't be told.
func holder(ctx context.Context, state string, patience time.Duration) (int, error) {
	file, err := regular.Open(filepath.Join(state, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	deadline := time.Now().Add(patience)
	// A process that has just got the lock has yet to write its pid over an older one. So a pid counts when it is there
	// twice, a while apart, under a lock that is held both times.
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
				"else find the process with \"fuser %[1]s\" and end it", file.Name(), patience, cmp.Or(problem, "the process id in the file changes"))
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// readHolder returns the pid in a lock file, or what keeps that from being the pid of the process that holds the lock.
func readHolder(file *os.File) (pid int, problem string) {
	const longest = 20 // characters of a pid, and more
	content, err := io.ReadAll(io.NewSectionReader(file, 0, longest))
	if err != nil {
		return 0, err.Error()
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		return 0, "the file is empty"
	}
	pid, err = strconv.Atoi(text)
	if err != nil || pid <= 1 { // kill takes 0 and negative numbers for groups of processes
		return 0, fmt.Sprintf("the file has %q in place of a process id", text)
	}
	if !has(pid, file) {
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
