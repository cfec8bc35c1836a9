// Package run runs a project on this machine: storage and the aggregation layer (aggregation-proxy), the project's apiserver and
// its controller manager, as child processes that end when it ends. All their state is in .builder/, in the project's folder.
package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/regular"
)

// The children's names: of their binaries and logs, in front of their lines, and in what is said of them.
const (
	aggregationProxy  = "aggregation-proxy"
	apiserver         = "apiserver"
	controllerManager = "controller-manager"
)

const (
	// graceTime is how long a child may take to end after SIGTERM.
	graceTime = 10 * time.Second
	// killTime is how long a child may take to end after SIGKILL.
	killTime = 5 * time.Second
	// showTime is how long the end waits for a terminal to show the last lines.
	showTime = time.Second
)

// Options say what to run and where to show it.
type Options struct {
	// Dir is the absolute path of the project's folder, the one that PROJECT is in.
	Dir string
	// Project is what PROJECT declares.
	Project *project.Project
	// Proxy is the path of the aggregation-proxy binary: see FindProxy.
	Proxy string
	// Port is where the proxy serves: 0 for that of the last run or a free one.
	Port int
	// Fresh drops the state of earlier runs first.
	Fresh bool
	// Validity is how long certificates and tokens last, which are renewed in the last third of it: 0 for a year.
	Validity time.Duration
	// Out is given what to do next, once all runs; Err the progress, and then the children's output.
	Out, Err io.Writer
	// Terminal says that Err is a terminal.
	Terminal bool
	// Report is where a detached run reports: see Report.
	Report io.WriteCloser
}

// runner is one run.
type runner struct {
	Options
	state    string
	show     func(event)
	console  *console
	echo     atomic.Bool // show the children's lines
	children children

	cluster     *cluster
	cert        *servingCert
	issued      time.Time // when cert and the tokens were made
	ports       struct{ proxy, apiserver, probes int }
	proxyURL    string
	apiServices []*unstructured.Unstructured
}

// Run starts everything, shows what runs where, and stops everything when ctx is done, which is no error once all ran. The end of
// a child is one.
func Run(ctx context.Context, o Options) error {
	shown := newBacklog()
	defer shown.close(showTime)
	c := &console{out: shown.to(o.Out), err: shown.to(o.Err), terminal: o.Terminal}
	r := &runner{Options: o, state: filepath.Join(o.Dir, stateDir), console: c, show: c.show}
	if o.Report == nil {
		return r.run(ctx)
	}
	defer o.Report.Close()
	r.show = encodeTo(o.Report)
	err := r.run(ctx)
	if err != nil {
		r.show(event{Failure: err.Error()})
	}
	return err
}

func (r *runner) run(ctx context.Context) (err error) {
	lock, err := acquire(ctx, r.state)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := r.prepareState(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.children = children{
		logs:  filepath.Join(r.state, "logs"),
		grace: graceTime,
		kill:  killTime,
		echo: func(name, line string) {
			if r.echo.Load() {
				r.console.log(name, line)
			}
		},
		crash: func(e *crashError) { cancel(e) },
	}
	defer func() { err = errors.Join(err, r.children.stop()) }()

	err = r.start(ctx)
	if err != nil && ctx.Err() == nil {
		return err
	}
	if err == nil {
		r.running()
		go r.keepCurrent(ctx) // a proxy that hangs must not keep the run from ending
		<-ctx.Done()
		r.echo.Store(false) // how they end is in their logs
	}
	if crash := (*crashError)(nil); errors.As(context.Cause(ctx), &crash) {
		return r.explain(crash)
	}
	if err != nil {
		return errors.New("stopped before everything ran")
	}
	r.show(event{Lines: []string{"stopping"}})
	return nil
}

// running tells that all runs. From here on the children's lines are shown; a run in the background has nobody to show them to.
func (r *runner) running() {
	r.show(event{Screen: r.screen()})
	if r.Report == nil {
		r.echo.Store(true)
		return
	}
	r.Report.Close()
	r.show = r.console.show
}

// explain shows the last lines of a crashed child.
func (r *runner) explain(crash *crashError) error {
	if len(crash.tail) > 0 {
		r.show(event{Lines: append([]string{fmt.Sprintf("the last lines of the %s:", crash.name)}, indent(crash.tail)...)})
	}
	return crash
}

func indent(lines []string) []string {
	indented := make([]string, len(lines))
	for i, line := range lines {
		indented[i] = "    " + line
	}
	return indented
}

// start does what makes the project run, each step with its line.
func (r *runner) start(ctx context.Context) error {
	steps := []struct {
		text string
		do   func(context.Context) error
	}{
		{"building cmd/apiserver and cmd/controller-manager", r.build},
		{"starting the aggregation proxy", r.startProxy},
		{"applying config/namespace.yaml and config/rbac", r.applyIdentities},
		{"starting the apiserver", r.startAPIServer},
		{"registering the APIs", r.register},
		{"starting the controller manager", r.startControllerManager},
	}
	for i, s := range steps {
		r.show(event{Step: &step{Number: i + 1, Of: len(steps), Text: s.text}})
		if err := s.do(ctx); err != nil {
			return r.inTime(err)
		}
	}
	return nil
}

// prepareState makes the folders, after it has dropped the state of earlier runs where that is asked for. Binaries and
// logs are replaced anyway.
func (r *runner) prepareState() error {
	if err := regular.Check(Kubeconfig(r.Dir)); err != nil {
		return err
	}
	// The last run's port is in what may be dropped.
	port, err := proxyPort(r.Dir, r.Port)
	if err != nil {
		return err
	}
	r.ports.proxy = port
	if r.Fresh {
		entries, err := os.ReadDir(r.state)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			switch entry.Name() {
			case lockFile, "bin", "logs":
			default:
				if err := os.RemoveAll(filepath.Join(r.state, entry.Name())); err != nil {
					return err
				}
			}
		}
	}
	if err := os.RemoveAll(filepath.Join(r.state, discoveryDir)); err != nil {
		return err
	}
	for _, folder := range []string{"bin", "logs", "pki"} {
		if err := os.MkdirAll(filepath.Join(r.state, folder), 0o700); err != nil {
			return err
		}
	}
	return nil
}
