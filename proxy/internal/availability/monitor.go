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
	// From one probe of an available APIService to the next, less than jitter's share more. With probeTimeout, one that
	// hangs is seen within 7 s.
	period = 1400 * time.Millisecond
	// The same for one that failed its probe; what comes back is seen within a second.
	retryPeriod = 450 * time.Millisecond
	// What was just created or changed is expected to work any moment.
	firstRetry = 25 * time.Millisecond
	// Many that were probed together don't stay together.
	jitter = 0.15
	// Between two probes that failed requests ask for.
	recheckPause = 100 * time.Millisecond
	// An error that changes all the time under the same reason is written this often, after the first few times.
	messagesPerSecond, messageBurst = 0.1, 3
	// A condition that another replica wrote, and that this one finds otherwise, is written this often, after the first
	// few times: replicas that disagree go on to.
	disputesPerSecond, disputeBurst = 1.0 / 15, 2
)

// monitor watches over one APIService from a goroutine of its own.
type monitor struct {
	*Controller
	name string
	stop context.CancelFunc
	// The APIService, its Service or EndpointSlices changed.
	changed chan struct{}
	// A request to it failed, or another replica found it otherwise.
	doubted chan struct{}
	verdict atomic.Pointer[verdict] // of the last check

	// The rest is the goroutine's.
	connections connections
	available   bool
	written     apiregistrationv1.APIServiceCondition
	retry       wait.Backoff
	messages    flowcontrol.PassiveRateLimiter
	disputes    flowcontrol.PassiveRateLimiter
}

// verdict is what a check has found, whatever the status says, which replicas share.
type verdict struct {
	uid       types.UID
	available bool
}

func newMonitor(c *Controller, name string, stop context.CancelFunc) *monitor {
	return &monitor{
		Controller: c,
		name:       name,
		stop:       stop,
		changed:    make(chan struct{}, 1),
		doubted:    make(chan struct{}, 1),
		retry:      eager(),
		messages:   flowcontrol.NewTokenBucketPassiveRateLimiter(messagesPerSecond, messageBurst),
		disputes:   flowcontrol.NewTokenBucketPassiveRateLimiter(disputesPerSecond, disputeBurst),
	}
}

// eager retries quickly at first: what was just created or changed may work in a moment.
func eager() wait.Backoff {
	return wait.Backoff{Duration: firstRetry, Factor: 2, Jitter: jitter, Steps: 10, Cap: retryPeriod}
}

// steady retries at even intervals.
func steady() wait.Backoff {
	return wait.Backoff{Duration: retryPeriod, Jitter: jitter}
}

// run checks at every change, when a request failed, and from time to time, until ctx ends.
func (m *monitor) run(ctx context.Context) {
	defer m.connections.close()
	var last, due time.Time
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.doubted:
			if earliest := last.Add(recheckPause); earliest.Before(due) {
				due = earliest
				timer.Reset(time.Until(due))
			}
			continue
		case <-m.changed:
			m.retry = eager()
		case <-timer.C:
		}
		last = time.Now()
		due = last.Add(m.check(ctx))
		timer.Reset(time.Until(due))
	}
}

// check brings the status up to date and returns how long after its own start the next check is due.
func (m *monitor) check(ctx context.Context) time.Duration {
	apiService, err := m.apiServices.Get(m.name)
	if err != nil || apiService.Spec.Service == nil {
		return period // it went a moment ago, and so will this monitor
	}
	verdict, ok := m.unreachable(apiService)
	if !ok {
		err := m.probe(ctx, apiService)
		switch refused := (*refusal)(nil); {
		case ctx.Err() != nil:
			return period
		case errors.Is(err, errChanged):
			m.retry = eager()
			return 0
		case err == nil:
			verdict = condition(apiregistrationv1.ConditionTrue, "Passed", "all checks passed")
		case errors.As(err, &refused):
			verdict = condition(apiregistrationv1.ConditionFalse, failedDiscoveryCheck, refused.Error())
		default: // as kube-aggregator: no condition tells that there is no way to connect
			klog.ErrorS(err, "Preparing to probe an APIService failed", "name", m.name)
			return m.retry.Step()
		}
	}
	m.available = verdict.Status == apiregistrationv1.ConditionTrue
	if m.available {
		m.retry = steady()
	}
	m.judge(apiService)
	if err := m.write(ctx, apiService, verdict); err != nil && ctx.Err() == nil {
		klog.ErrorS(err, "Writing an APIService's status failed", "name", m.name)
		return m.retry.Step()
	}
	if verdict.Reason == failedDiscoveryCheck {
		return m.retry.Step()
	}
	return wait.Jitter(period, jitter)
}

// judge makes known what the check has found. It comes before the status: who reads that is served.
func (m *monitor) judge(apiService *apiregistrationv1.APIService) {
	found := verdict{apiService.UID, m.available}
	if before := m.verdict.Swap(&found); (before == nil || *before != found) && m.config.Judged != nil {
		m.config.Judged(m.name)
	}
}
