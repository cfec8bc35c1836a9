package faults_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const (
	churned       = 200
	churnedGroup  = "churn%d.example.com"
	churnedAtOnce = 10
)

// churn creates, uses and deletes many APIServices while another is under load. Some are deleted during a request or a watch.
func (s *suite) churn(t *testing.T) {
	stays, b := s.backend(t, proxytest.BackendOptions{}), s.backend(t, proxytest.BackendOptions{})
	connections := b.OpenConnections()
	load := s.startLoad(t, stays)
	var g errgroup.Group
	g.SetLimit(churnedAtOnce)
	for i := range churned {
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(t.Context(), proxytest.Patience)
			defer cancel()
			if err := s.comeAndGo(ctx, t, b, i); err != nil {
				return fmt.Errorf("APIService %d: %w", i, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	load.stop(t)
	proxytest.Eventually(t, "end of what was deleted", proxytest.Patience, func(context.Context) error {
		// Allow twice as many as before, because the number of the probe's idle connections varies.
		if open := b.OpenConnections(); open > 2*connections+churnedAtOnce {
			return fmt.Errorf("%d connections are open, before it were %d", open, connections)
		}
		if groups := s.get(t, s.client, "/apis").Body; strings.Contains(groups, "churn") {
			return errors.New("discovery has groups that are gone")
		}
		return nil
	})
	// kube-apiserver's own metrics of requests and their durations keep a group forever.
	series := regexp.MustCompile(`(?m)^aggregator_.*(_count|_total|_seconds)\{.*churn.*`)
	if left := series.FindAllString(s.get(t, s.client, "/metrics").Body, 5); left != nil {
		t.Errorf("metrics tell of what is gone:\n%s", strings.Join(left, "\n"))
	}
}

// comeAndGo creates, uses and deletes an APIService.
func (s *suite) comeAndGo(ctx context.Context, t *testing.T, b *proxytest.Backend, i int) error {
	services := s.Aggregator(t).ApiregistrationV1().APIServices()
	service := b.APIService("v1")
	service.Spec.Group = fmt.Sprintf(churnedGroup, i)
	service.Name = "v1." + service.Spec.Group
	path := "/apis/" + service.Spec.Group + "/v1/things"
	if _, err := services.Create(ctx, service, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := s.becomes(ctx, path, http.StatusOK); err != nil {
		return err
	}
	late := make(chan error, 1)
	lateGoes := make(chan struct{})
	if i%churnedAtOnce == 0 {
		b.Handle(path+"/late", func(w http.ResponseWriter, _ *http.Request) {
			<-lateGoes
			w.WriteHeader(http.StatusTeapot)
		})
		go func() {
			a, err := s.Try(ctx, s.client, http.MethodGet, path+"/late", nil, nil)
			if err == nil && a.Status != http.StatusTeapot {
				err = fmt.Errorf("a request that was under way answers %d %s", a.Status, a.Body)
			}
			late <- err
		}()
		if err := proxytest.Poll(ctx, func(context.Context) error { return atLeast(1, len(b.Requests(path+"/late"))) }); err != nil {
			return err
		}
	} else {
		late <- nil
	}
	defer close(lateGoes)
	if err := services.Delete(ctx, service.Name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := s.becomes(ctx, path, http.StatusNotFound); err != nil {
		return err
	}
	if i%churnedAtOnce == 0 {
		lateGoes <- struct{}{}
	}
	return <-late
}

// becomes waits until requests for the path get the status.
func (s *suite) becomes(ctx context.Context, path string, status int) error {
	return proxytest.Poll(ctx, func(ctx context.Context) error {
		a, err := s.Try(ctx, s.client, http.MethodGet, path, nil, nil)
		if err == nil && a.Status != status {
			err = fmt.Errorf("GET %s answers %d %s, want %d", path, a.Status, a.Body, status)
		}
		return err
	})
}
