package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// stateDir holds everything that a run keeps, relative to the project's folder.
	stateDir = ".builder"
	// lockFile is held with flock by the process that runs the project, and has its pid in it. It is never removed: two
	// processes could then each hold a lock of that name.
	lockFile = "run.lock"
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
func acquire(state string) (*os.File, error) {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(state, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(state, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockAndSign(state, file); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func lockAndSign(state string, file *os.File) error {
	// Somebody who only looks whether it is held holds it for a moment too: see holder.
	for attempt := 0; ; attempt++ {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		if attempt == 10 {
			pid, err := holder(state)
			if err != nil {
				return err
			}
			return &RunningError{PID: pid}
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// Running returns the pid of the process that runs the project in dir, and 0 when none does.
func Running(dir string) (int, error) { return holder(filepath.Join(dir, stateDir)) }

// holder returns the pid of the process that holds the lock, and 0 when none does.
func holder(state string) (int, error) {
	file, err := os.Open(filepath.Join(state, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	// A process that has just got the lock has yet to write its pid over an older one. So a pid counts when it is there
	// twice, a while apart, under a lock that is held both times.
	for last := 0; ; time.Sleep(20 * time.Millisecond) {
		err := unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB)
		if err == nil {
			return 0, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return 0, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		content, err := os.ReadFile(file.Name())
		if err != nil {
			return 0, err
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
		if err == nil && pid == last {
			return pid, nil
		}
		last = pid
	}
}
