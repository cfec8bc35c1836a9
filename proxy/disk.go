package proxy

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/klog/v2"
)

const (
	// minFreeBytes is room for the two log files that etcd reserves. With less it may wait forever instead of starting.
	minFreeBytes = 2 * walSegmentBytes
	// diskPoll is how soon somebody is told of a disk that gets full.
	diskPoll = time.Second
)

// free is how much may still be written where the folder is, and whether that is known: some file systems don't tell.
func (d dataDir) free() (bytes int64, known bool) {
	var stat unix.Statfs_t
	if err := unix.Statfs(string(d), &stat); err != nil || stat.Blocks == 0 {
		return 0, false
	}
	return int64(stat.Bavail) * int64(stat.Bsize), true
}

// checkRoom returns an error when the disk is too full for etcd.
func (d dataDir) checkRoom() error {
	if free, known := d.free(); known && free < minFreeBytes {
		return fmt.Errorf("the disk of %s is full (%d of the %d KiB that etcd needs are free): free some space on it, or choose another --data-dir", d, free>>10, minFreeBytes>>10)
	}
	return nil
}

// watchDisk says when the disk gets full, and when there is room again, until ctx ends. etcd works on until it needs
// another log file; what comes then, its end, should be no surprise.
func (d dataDir) watchDisk(ctx context.Context) {
	tick := time.NewTicker(diskPoll)
	defer tick.Stop()
	for full := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := d.checkRoom()
		switch {
		case err != nil && !full:
			klog.ErrorS(err, "The proxy ends when etcd can't write any more")
		case err == nil && full:
			klog.ErrorS(nil, "The disk has room again", "dataDir", string(d))
		}
		full = err != nil
	}
}
