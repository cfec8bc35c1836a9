package etcd

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/klog/v2"
)

const (
	// minFreeBytes is the size of the two log files that etcd reserves. With less space, etcd may wait forever instead of starting.
	minFreeBytes = 2 * walSegmentBytes
	diskPoll     = time.Second
)

// freeBytes returns the free space on the disk of a folder. It is unknown for file systems that do not report it.
func freeBytes(dir string) (n int64, known bool) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil || stat.Blocks == 0 {
		return 0, false
	}
	return int64(stat.Bavail) * int64(stat.Bsize), true
}

// CheckDisk returns an error if the disk of the data directory is too full for etcd.
func CheckDisk(dir string) error {
	if free, known := freeBytes(dir); known && free < minFreeBytes {
		return fmt.Errorf("the disk of %s is full (%d of the %d KiB that etcd needs are free): free some space on it, or choose another --data-dir", dir, free>>10, minFreeBytes>>10)
	}
	return nil
}

// WatchDisk logs when the disk of the data directory becomes full, and when it has space again, until ctx ends. etcd continues until
// it needs another log file, and then ends.
func WatchDisk(ctx context.Context, dir string) {
	tick := time.NewTicker(diskPoll)
	defer tick.Stop()
	for full := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := CheckDisk(dir)
		switch {
		case err != nil && !full:
			klog.ErrorS(err, "The proxy ends when etcd can't write any more")
		case err == nil && full:
			klog.ErrorS(nil, "The disk has room again", "dataDir", dir)
		}
		full = err != nil
	}
}
