// Package pear changes pears in memory.
package pear

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"example.com/bench/pkg/registry"
)

// Storage changes a pear every hundredth of a second, while there are watches. The message of the pear is the number of the change.
type Storage struct {
	base
	lock     sync.Mutex
	messages []string
	changes  int
}

// Setup creates as many pears as an environment variable says.
func (s *Storage) Setup(*registry.Dependencies) error {
	n, _ := strconv.Atoi(os.Getenv("BENCH_PEARS"))
	s.messages = make([]string, n)
	return nil
}

// Get returns a pear.
func (s *Storage) Get(_ context.Context, namespace, name string) (*Pear, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	var i int
	if _, err := fmt.Sscanf(name, "fruit-%d", &i); err != nil || namespace != metav1.NamespaceDefault || i >= len(s.messages) {
		return nil, nil
	}
	return s.pear(i), nil
}

// List returns all pears.
func (s *Storage) List(context.Context) ([]Pear, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	all := make([]Pear, len(s.messages))
	for i := range all {
		all[i] = *s.pear(i)
	}
	return all, nil
}

// Changes changes the pears.
func (s *Storage) Changes(ctx context.Context, changed func(namespace, name string)) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if i, ok := s.change(); ok {
				changed(metav1.NamespaceDefault, nameOf(i))
			}
		}
	}
}

func (s *Storage) change() (i int, ok bool) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if len(s.messages) == 0 {
		return 0, false
	}
	i = s.changes % len(s.messages)
	s.changes++
	s.messages[i] = strconv.Itoa(s.changes)
	return i, true
}

func (s *Storage) pear(i int) *Pear {
	return &Pear{
		ObjectMeta: metav1.ObjectMeta{Name: nameOf(i), Namespace: metav1.NamespaceDefault, UID: types.UID(nameOf(i)), Labels: map[string]string{"bench": "true"}},
		Spec:       PearSpec{Message: s.messages[i]},
	}
}

func nameOf(i int) string { return fmt.Sprintf("fruit-%05d", i) }
