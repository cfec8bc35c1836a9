package availability

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/klog/v2"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

const (
	// period is the time between probes of an available APIService, plus jitter. With probeTimeout, a hang is detected within 7 s.
	period = 1400 * time.Millisecond
	// retryPeriod is the time between probes after a failed one. A restored backend is detected within a second.
	retryPeriod = 450 * time.Millisecond
	// firstRetry is short because a new or changed APIService may work soon.
	firstRetry = 25 * time.Millisecond
	// jitter spreads the probes of many APIServices.
	jitter = 0.15
	// recheckPause is the minimum time between probes that failed requests start.
	recheckPause = 100 * time.Millisecond
	// An error whose text changes while its reason stays the same is written at this rate, after the first few times.
	messagesPerSecond, messageBurst = 0.1, 3
	// A condition that contradicts that of another replica is written at this rate, after the first few times, because the replicas
	// may continue to disagree.
	disputesPerSecond, disputeBurst = 1.0 / 15, 2
)

// monitor checks one APIService, in its own goroutine.
type monitor struct {
	*Controller
	name string
	stop context.CancelFunc
	// changed is sent to after a change of the APIService, its Service or EndpointSlices.
	changed chan struct{}
	// recheck is sent to after a failed request, or when another replica has a different result.
	recheck chan struct{}
	result  atomic.Pointer[result] // of the last check

	// Only the goroutine uses the fields below.
	connections connections
	available   bool
	written     apiregistrationv1.APIServiceCondition
	retry       wait.Backoff
	messages    flowcontrol.PassiveRateLimiter
	disputes    flowcontrol.PassiveRateLimiter
}

// result is the result of a check by this process. The status may contain that of another replica.
type result struct {
	uid       types.UID
	available bool
}

func newMonitor(c *Controller, name string, stop context.CancelFunc) *monitor {
	return &monitor{
		Controller: c,
		name:       name,
		stop:       stop,
		changed:    make(chan struct{}, 1),
		recheck:    make(chan struct{}, 1),
		retry:      fastRetry(),
		messages:   flowcontrol.NewTokenBucketPassiveRateLimiter(messagesPerSecond, messageBurst),
		disputes:   flowcontrol.NewTokenBucketPassiveRateLimiter(disputesPerSecond, disputeBurst),
	}
}

// fastRetry returns a backoff that starts with short intervals, because a new or changed APIService may work soon.
func fastRetry() wait.Backoff {
	return wait.Backoff{Duration: firstRetry, Factor: 2, Jitter: jitter, Steps: 10, Cap: retryPeriod}
}

// steadyRetry returns a backoff with constant intervals.
func steadyRetry() wait.Backoff {
	return wait.Backoff{Duration: retryPeriod, Jitter: jitter}
}

// run checks the APIService after each change, after a failed request, and periodically, until ctx ends.
func (m *monitor) run(ctx context.Context) {
	defer m.connections.close()
	var last, due time.Time
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.recheck:
			if earliest := last.Add(recheckPause); earliest.Before(due) {
				due = earliest
				timer.Reset(time.Until(due))
			}
			continue
		case <-m.changed:
			m.retry = fastRetry()
		case <-timer.C:
		}
		last = time.Now()
		due = last.Add(m.check(ctx))
		timer.Reset(time.Until(due))
	}
}

// check updates the status and returns the time from its start to the next check.
func (m *monitor) check(ctx context.Context) time.Duration {
	apiService, err := m.apiServices.Get(m.name)
	if err != nil || apiService.Spec.Service == nil {
		return period // it has just been deleted, and this monitor will be stopped
	}
	found, ok := m.unreachable(apiService)
	if !ok {
		err := m.probe(ctx, apiService)
		switch refused := (*probeFailure)(nil); {
		case ctx.Err() != nil:
			return period
		case errors.Is(err, errChanged):
			m.retry = fastRetry()
			return 0
		case err == nil:
			found = condition(apiregistrationv1.ConditionTrue, "Passed", "all checks passed")
		case errors.As(err, &refused):
			found = condition(apiregistrationv1.ConditionFalse, failedDiscoveryCheck, refused.Error())
		default: // as in kube-aggregator, an error before connecting does not change the condition
			klog.ErrorS(err, "Preparing to probe an APIService failed", "name", m.name)
			return m.retry.Step()
		}
	}
	m.available = found.Status == apiregistrationv1.ConditionTrue
	if m.available {
		m.retry = steadyRetry()
	}
	m.publish(apiService)
	if err := m.write(ctx, apiService, found); err != nil && ctx.Err() == nil {
		klog.ErrorS(err, "Writing an APIService's status failed", "name", m.name)
		return m.retry.Step()
	}
	if found.Reason == failedDiscoveryCheck {
		return m.retry.Step()
	}
	return wait.Jitter(period, jitter)
}

// publish makes the result of the check known. It precedes the update of the status, so that clients that read the status are
// served.
func (m *monitor) publish(apiService *apiregistrationv1.APIService) {
	found := result{apiService.UID, m.available}
	if before := m.result.Swap(&found); (before == nil || *before != found) && m.config.OnChange != nil {
		m.config.OnChange(m.name)
	}
}
