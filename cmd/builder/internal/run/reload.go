package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/apiserver-builder/builder/cmd/builder/internal/programs"
	"github.com/apiserver-builder/builder/cmd/builder/internal/watch"
)

// reloadAlways reloads after each change, until ctx is done.
func (r *runner) reloadAlways(ctx context.Context) {
	for {
		change, err := r.tree.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, watch.ErrGone):
			r.tell("changes are no longer noticed: " + err.Error())
			return
		case err != nil:
			r.tell("a change may have been missed: " + err.Error())
		default:
			r.tell("changed: " + change.String())
			r.reload(ctx, change.Since)
		}
	}
}

func (r *runner) tell(text string) { r.show(event{Lines: strings.Split(text, "\n")}) }

// reload updates the running programs to the project's files, and prints the time since a change. If a step fails, the current programs
// keep running.
func (r *runner) reload(ctx context.Context, since time.Time) {
	var done reloaded
	err := r.update(ctx, &done)
	if ctx.Err() != nil {
		return
	}
	if text := done.String(); text != "" {
		r.tell(fmt.Sprintf("reloaded in %.1fs: %s", time.Since(since).Seconds(), text))
	}
	if crash := (*crashError)(nil); errors.As(err, &crash) {
		err = r.explain(crash)
	}
	switch {
	case errors.Is(err, errOutdated): // continues with the next change
	case err != nil:
		r.tell(err.Error())
		r.tell(fmt.Sprintf("not reloaded: the previous %s is still running; correct the errors above and save", done.others()))
	case done.String() == "":
		r.tell(fmt.Sprintf("reloaded in %.1fs: no program changed", time.Since(since).Seconds()))
	}
}

// reloaded is the result of a reload.
type reloaded struct {
	programs, added, removed []string
}

// others lists the programs that were not replaced.
func (d reloaded) others() string {
	names := slices.DeleteFunc(programs.All(), func(name string) bool { return slices.Contains(d.programs, name) })
	return strings.Join(names, " or ")
}

// String returns "" if nothing changed.
func (d reloaded) String() string {
	parts := slices.Clone(d.programs)
	for _, name := range d.added {
		parts = append(parts, "added APIService "+name)
	}
	for _, name := range d.removed {
		parts = append(parts, "removed APIService "+name)
	}
	return strings.Join(parts, ", ")
}

// update generates and builds, and replaces the programs whose binaries changed.
func (r *runner) update(ctx context.Context, done *reloaded) error {
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if err := r.applyRights(ctx); err != nil {
		return r.nameProxyOnTimeout(err)
	}
	changed, err := r.changed(apiserver, r.apiserver)
	if err == nil && changed {
		err = r.replaceAPIServer(ctx, done)
	}
	if err != nil {
		return r.nameProxyOnTimeout(err)
	}
	return r.nameProxyOnTimeout(r.replaceControllerManager(ctx, done))
}

// changed reports whether a binary differs from the running one.
func (r *runner) changed(name string, running *program) (bool, error) {
	built, err := digestOf(r.binary(name))
	if err != nil {
		return false, err
	}
	return running == nil || built != running.binary, nil
}

// replaceAPIServer starts the new apiserver beside the running one, makes the aggregation layer send requests to it, and stops the old one.
func (r *runner) replaceAPIServer(ctx context.Context, done *reloaded) error {
	fresh, err := r.launch(ctx, apiserver, r.children.try, r.tree.Changed)
	if err != nil {
		return err
	}
	before := r.apiServices // no other goroutine replaces them
	removed, err := r.redirect(ctx, fresh.port)
	if err == nil {
		err = r.waitServed(ctx, fresh.port)
	}
	if err == nil {
		err = r.children.keep(fresh.process, r.apiserver.process)
	}
	if err != nil {
		return errors.Join(err, r.restoreAPIServices(ctx, before, r.apiserver.port), r.children.drop(fresh.process))
	}
	r.dropLater(r.apiserver)
	done.programs = append(done.programs, apiserver)
	done.added, done.removed = added(before, r.apiServices), removed
	r.apiserver = fresh
	// kubectl's cache may contain other kinds.
	return os.RemoveAll(filepath.Join(r.state, discoveryDir))
}

// added returns the names of the objects that are new.
func added(before, now []*unstructured.Unstructured) []string {
	var names []string
	for _, object := range now {
		if !slices.ContainsFunc(before, func(o *unstructured.Unstructured) bool { return o.GetName() == object.GetName() }) {
			names = append(names, object.GetName())
		}
	}
	return names
}

// replaceControllerManager starts the new controller manager if its binary changed, and then stops the running one.
func (r *runner) replaceControllerManager(ctx context.Context, done *reloaded) error {
	if !r.hasControllerManager() {
		if r.controllerManager != nil {
			r.dropLater(r.controllerManager)
			r.controllerManager = nil
			done.programs = append(done.programs, controllerManager+" stopped")
		}
		return nil
	}
	if changed, err := r.changed(controllerManager, r.controllerManager); err != nil || !changed {
		return err
	}
	fresh, err := r.launch(ctx, controllerManager, r.children.try, r.tree.Changed)
	if err != nil {
		return err
	}
	var old *process
	if r.controllerManager != nil {
		old = r.controllerManager.process
	}
	if err := r.children.keep(fresh.process, old); err != nil {
		return errors.Join(err, r.children.drop(fresh.process))
	}
	if old != nil {
		r.dropLater(r.controllerManager)
	}
	r.controllerManager = fresh
	done.programs = append(done.programs, controllerManager)
	return nil
}

// dropLater stops a program that is no longer used. This may take some seconds, until its requests end.
func (r *runner) dropLater(p *program) {
	go func() {
		if err := r.children.drop(p.process); err != nil {
			r.tell(err.Error())
		}
	}()
}
