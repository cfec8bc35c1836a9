// Package run runs a project on this machine: storage and the aggregation layer (aggregation-proxy), the project's apiserver and its
// controller manager. They are child processes, and keep all their state in .builder/ in the project's folder.
package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
	"github.com/apiserver-builder/builder/cmd/builder/internal/programs"
	"github.com/apiserver-builder/builder/cmd/builder/internal/watch"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/internal/regular"
)

// The names of the children, for binaries, logs, prefixes of lines and messages.
const (
	aggregationProxy  = "aggregation-proxy"
	apiserver         = programs.APIServer
	controllerManager = programs.ControllerManager
)

const (
	// graceTime is the timeout of a child after SIGTERM.
	graceTime = 10 * time.Second
	// killTime is the timeout of a child after SIGKILL.
	killTime = 5 * time.Second
	// showTime is the timeout for a terminal to print the last lines.
	showTime = time.Second
)

// Options defines the project to run, and the outputs of the run.
type Options struct {
	// Dir is the absolute path of the project's folder, which contains PROJECT.
	Dir string
	// Project is the content of PROJECT.
	Project *project.Project
	// Proxy is the path of the aggregation-proxy binary: see FindProxy.
	Proxy string
	// Port is the port of the proxy. If it is 0, the run uses the port of the last run or a free one.
	Port int
	// Fresh removes the state of earlier runs first.
	Fresh bool
	// Validity is the validity of certificates and tokens, which are renewed in its last third. 0 means one year.
	Validity time.Duration
	// Out gets the next steps once all programs are running. Err gets the progress, and then the output of the children.
	Out, Err io.Writer
	// Style is the style of Err.
	Style display.Style
	// Report is the pipe of a detached run: see Report.
	Report io.WriteCloser
	// Generate updates the generated code. The run calls it when files change, and then builds and restarts programs. If it is nil, the run
	// ignores changes.
	Generate Generate
}

// Generate generates code, and calls slow at intervals with the time that it has taken. It returns the declaration that it used, and the paths of the changed files
// relative to the project's folder. Its error may have several lines.
type Generate func(ctx context.Context, slow func(elapsed time.Duration)) (*project.Project, []string, error)

// A runner is one run.
type runner struct {
	Options
	state    string
	show     func(event)
	console  *console
	echo     atomic.Bool // print the output of the children
	children children

	proxyPort int
	proxyURL  string
	tree      *watch.Tree

	// These fields belong to the goroutine that starts programs.
	apiserver, controllerManager *program

	// mu guards the following fields once all programs are running, because certificates are renewed while programs are replaced.
	mu                      sync.Mutex
	cluster                 *administrator
	cert                    *servingCert
	issued                  time.Time // when cert and the tokens were created
	identities, apiServices []*unstructured.Unstructured
}

// Run starts all programs, prints how to use them, and stops them when ctx is done. Then it returns nil if all were running. It returns an
// error if a child exits.
func Run(ctx context.Context, o Options) error {
	shown := newBacklog()
	defer shown.close(showTime)
	c := newConsole(shown.to(o.Out), shown.to(o.Err), o.Style)
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
	if r.Generate != nil { // before the build, so that no change is missed
		if r.tree, err = watch.New(ctx, r.Dir, isIdentity); err != nil {
			return fmt.Errorf("%w; --watch=false runs the project without it", err)
		}
		defer r.tree.Close()
	}

	err = r.start(ctx)
	if err != nil && ctx.Err() == nil {
		return err
	}
	if err == nil {
		r.running()
		r.follow(ctx)
		r.echo.Store(false) // the logs contain the rest of the output
	}
	if crash := (*crashError)(nil); errors.As(context.Cause(ctx), &crash) {
		return r.explain(crash)
	}
	if err != nil {
		return errors.New("stopped before everything was running")
	}
	r.show(event{Lines: []string{"stopping"}})
	return nil
}

// follow renews certificates and reloads programs until ctx is done.
func (r *runner) follow(ctx context.Context) {
	go r.keepCurrent(ctx)
	reloading := make(chan struct{})
	go func() {
		defer close(reloading)
		if r.tree != nil {
			r.reloadAlways(ctx)
		}
	}()
	<-ctx.Done()
	select { // a disk or proxy that does not respond must not prevent the run from ending
	case <-reloading:
	case <-time.After(graceTime):
	}
}

// running prints that all programs are running. From then on, the output of the children is printed too, unless the run is in the
// background.
func (r *runner) running() {
	r.show(event{Screen: r.screen()})
	if r.Report == nil {
		r.echo.Store(true)
		return
	}
	r.Report.Close()
	r.show = r.console.show
}

// explain prints the last lines of a crashed child.
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

// start starts the project in steps, and prints a line for each.
func (r *runner) start(ctx context.Context) error {
	steps := []struct {
		text string
		do   func(context.Context) error
	}{
		{"building cmd/apiserver and cmd/controller-manager", r.prepare},
		{"starting the aggregation proxy", r.startProxy},
		{"applying config/base/namespace.yaml and config/base/rbac", r.applyIdentities},
		{"starting the apiserver", r.startAPIServer},
		{"registering the APIs", r.register},
		{"starting the controller manager", r.startControllerManager},
	}
	for i, s := range steps {
		r.show(event{Step: &step{Number: i + 1, Of: len(steps), Text: s.text}})
		if err := s.do(ctx); err != nil {
			return r.nameProxyOnTimeout(err)
		}
	}
	return nil
}

// prepareState creates the folders. With Fresh, it first removes the state of earlier runs. Binaries and logs are always replaced.
func (r *runner) prepareState() error {
	if err := regular.Check(Kubeconfig(r.Dir)); err != nil {
		return err
	}
	// Read the last run's port before its state is removed.
	port, err := proxyPort(r.Dir, r.Port)
	if err != nil {
		return err
	}
	r.proxyPort = port
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
