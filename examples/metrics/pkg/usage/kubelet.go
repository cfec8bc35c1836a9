package usage

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// Kubelets returns a Scraper that reads the resource metrics of the kubelets. config has the credentials.
func Kubelets(config *rest.Config) Scraper {
	return func(ctx context.Context, node *corev1.Node) (map[Source]Point, error) {
		of := rest.CopyConfig(config)
		of.NegotiatedSerializer = scheme.Codecs // the client requires it, and reads text
		host := node.Name
		for _, address := range node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP && host == node.Name {
				host = address.Address
			}
		}
		of.Host = "https://" + net.JoinHostPort(host, fmt.Sprint(node.Status.DaemonEndpoints.KubeletEndpoint.Port))
		client, err := rest.UnversionedRESTClientFor(of)
		if err != nil {
			return nil, err
		}
		text, err := client.Get().AbsPath("/metrics/resource").DoRaw(ctx)
		if err != nil {
			return nil, err
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
		return pointsOf(node.Name, families), err
	}
}

func pointsOf(node string, families map[string]*dto.MetricFamily) map[Source]Point {
	points := map[Source]Point{}
	each := func(name string, set func(p *Point, metric *dto.Metric)) {
		for _, metric := range append(families["node_"+name].GetMetric(), families["container_"+name].GetMetric()...) {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			source := Source{node, labels["namespace"], labels["pod"], labels["container"]}
			point := points[source]
			set(&point, metric)
			points[source] = point
		}
	}
	each("cpu_usage_seconds_total", func(p *Point, m *dto.Metric) {
		p.CPU, p.Time = time.Duration(m.GetCounter().GetValue()*1e9), time.UnixMilli(m.GetTimestampMs())
	})
	each("memory_working_set_bytes", func(p *Point, m *dto.Metric) { p.Memory = int64(m.GetGauge().GetValue()) })
	each("start_time_seconds", func(p *Point, m *dto.Metric) { p.Start = time.UnixMilli(int64(m.GetGauge().GetValue() * 1e3)) })
	maps.DeleteFunc(points, func(_ Source, p Point) bool { return p.CPU == 0 || p.Memory == 0 }) // the container has ended
	return points
}
