package scaffold

import (
	"errors"
	"fmt"

	"github.com/apiserver-builder/builder/internal/lock"
)

// ErrLocked reports a folder that another builder has locked.
var ErrLocked = errors.New("another builder is at work")

// Lock locks the folder dir for one command. If unlock is not called, the lock ends with the process.
func Lock(dir string) (unlock func(), err error) {
	unlock, err = lock.Try(dir)
	if errors.Is(err, lock.ErrHeld) {
		return nil, fmt.Errorf("%w in %s: run this again when it is done", ErrLocked, dir)
	}
	return unlock, err
}
