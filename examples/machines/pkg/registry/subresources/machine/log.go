package machine

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"example.com/machines/pkg/registry"
)

// Log returns the log of a machine.
func (p *Parent) Log(ctx context.Context, machine *Machine, options *MachineLogOptions) (*registry.Stream, error) {
	agent, err := agentOf(machine, "/log")
	if err != nil {
		return nil, err
	}
	query := url.Values{"follow": {strconv.FormatBool(options.Follow)}}
	if options.TailLines != nil {
		query.Set("tailLines", fmt.Sprint(*options.TailLines))
	}
	source := agent.Target.JoinPath(agent.Path)
	source.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, source.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, apierrors.NewServiceUnavailable(err.Error())
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, apierrors.NewServiceUnavailable("the agent answered " + response.Status)
	}
	return &registry.Stream{MediaType: "text/plain", Body: response.Body}, nil
}
