// An admission webhook on Go's net/http that does what ours does for a review and nothing more:
//
//	admission CERT-DIR PORT HEALTH-PORT SIDECAR-IMAGE
//
// It listens on 127.0.0.1, tells its ports in lines of JSON as the webhook does, and logs and counts
// each injection. Of the pod it decodes, in one pass, typed structs with the fields that the decision
// looks at: the cheapest way that encoding/json has, cheaper than corev1.Pod or a map. Only the
// standard library.
package main

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	maxBodyBytes  = 7 << 20
	containerName = "prometheus-metrics-proxy"
	wait          = "prometheus.io/wait"
	port          = "prometheus.io/port"
	originalPort  = "prometheus.io/original-port"
	waitStatus    = "prometheus.io/wait-status"
)

// A key as one step of a JSON Pointer (RFC 6901, section 3).
var pointer = strings.NewReplacer("~", "~0", "/", "~1")

type container struct {
	Name  string `json:"name"`
	Ports []struct {
		ContainerPort int `json:"containerPort"`
	} `json:"ports"`
	Lifecycle *struct {
		PreStop *struct{} `json:"preStop"`
	} `json:"lifecycle"`
}

type review struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Request    *struct {
		UID  string `json:"uid"`
		Kind struct {
			Group string `json:"group"`
			Kind  string `json:"kind"`
		} `json:"kind"`
		SubResource string `json:"subResource"`
		Operation   string `json:"operation"`
		Namespace   string `json:"namespace"`
		DryRun      bool   `json:"dryRun"`
		Object      struct {
			Metadata struct {
				Name         string            `json:"name"`
				GenerateName string            `json:"generateName"`
				Annotations  map[string]string `json:"annotations"`
			} `json:"metadata"`
			Spec struct {
				Containers                    []container `json:"containers"`
				InitContainers                []container `json:"initContainers"`
				TerminationGracePeriodSeconds *int        `json:"terminationGracePeriodSeconds"`
			} `json:"spec"`
		} `json:"object"`
	} `json:"request"`
}

type status struct {
	Code    int    `json:"code"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message"`
}

type response struct {
	UID       string `json:"uid"`
	Allowed   bool   `json:"allowed"`
	Status    status `json:"status"`
	PatchType string `json:"patchType,omitempty"`
	Patch     string `json:"patch,omitempty"`
}

type answer struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Response   response `json:"response"`
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// Counts of outcomes, and times in the buckets of the webhook's histogram.
type counts struct {
	sync.Mutex
	outcomes map[string]int
	buckets  [15]int
}

var bounds = [14]float64{0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}

func (c *counts) add(outcome string, seconds float64) {
	c.Lock()
	defer c.Unlock()
	c.outcomes[outcome]++
	i := 0
	for i < len(bounds) && seconds > bounds[i] {
		i++
	}
	c.buckets[i]++
}

type webhook struct {
	image  string
	log    *slog.Logger
	counts counts
}

func (s *webhook) mutate(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	review, code, err := readReview(w, r)
	if err != nil {
		s.log.Warn("Rejected a request", "error", err)
		s.counts.add("rejected", time.Since(started).Seconds())
		http.Error(w, err.Error(), code)
		return
	}
	outcome, response := s.decide(review)
	s.counts.add(outcome, time.Since(started).Seconds())
	bytes, err := json.Marshal(answer{"admission.k8s.io/v1", "AdmissionReview", response})
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(bytes)))
	w.Write(bytes)
}

func readReview(w http.ResponseWriter, r *http.Request) (*review, int, error) {
	if r.ContentLength > maxBodyBytes {
		return nil, http.StatusRequestEntityTooLarge, errors.New("the body is too large")
	}
	body, err := readBody(http.MaxBytesReader(w, r.Body, maxBodyBytes), r.ContentLength)
	if err != nil {
		return nil, http.StatusBadRequest, err
	}
	// encoding/json would put U+FFFD in place of what is not UTF-8.
	if !utf8.Valid(body) {
		return nil, http.StatusBadRequest, errors.New("the body is not JSON in UTF-8")
	}
	var review review
	if err := json.Unmarshal(body, &review); err != nil {
		return nil, http.StatusBadRequest, err
	}
	if review.Kind != "AdmissionReview" || review.APIVersion != "admission.k8s.io/v1" {
		return nil, http.StatusBadRequest, errors.New("not an AdmissionReview of admission.k8s.io/v1")
	}
	if review.Request == nil || review.Request.UID == "" || review.Request.Operation == "" {
		return nil, http.StatusBadRequest, errors.New("invalid AdmissionReview")
	}
	return &review, http.StatusOK, nil
}

// One allocation where the length is known.
func readBody(body io.Reader, length int64) ([]byte, error) {
	if length < 0 {
		return io.ReadAll(body)
	}
	bytes := make([]byte, length)
	_, err := io.ReadFull(body, bytes)
	return bytes, err
}

func (s *webhook) decide(review *review) (string, response) {
	request := review.Request
	pod := &request.Object
	annotations := pod.Metadata.Annotations
	allow := func(message string) response {
		return response{UID: request.UID, Allowed: true, Status: status{Code: 200, Message: message}}
	}
	deny := func(message string) response {
		return response{UID: request.UID, Status: status{Code: 422, Reason: "Invalid", Message: message}}
	}
	switch {
	case request.Kind.Group != "" || request.Kind.Kind != "Pod":
		return "not_a_pod", allow("not a pod")
	case request.SubResource != "":
		return "subresource", allow("a subresource")
	case request.Operation != "CREATE":
		return "not_create", allow("pods are changed only when they are created")
	case annotations[wait] != "true":
		return "not_opted_in", allow("not opted in")
	}
	taken := map[int]bool{}
	for _, list := range [][]container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for _, c := range list {
			if c.Name == containerName {
				return "already_injected", allow("injected already")
			}
			for _, p := range c.Ports {
				taken[p.ContainerPort] = true
			}
		}
	}
	original := 9090
	if text, ok := annotations[port]; ok {
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil || number == 0 {
			return "invalid_port", deny(fmt.Sprintf("annotation %s is %q", port, text))
		}
		original = int(number)
	}
	proxy := original + 10000
	for candidate := 19090; proxy > 65535 || proxy == original || taken[proxy]; candidate++ {
		if candidate > 65535 {
			return "no_free_port", deny("the pod declares every port")
		}
		proxy = candidate
	}
	plan := plan{original: original, proxy: proxy, grace: 30, hooked: -1, token: rand.Text()}
	if seconds := pod.Spec.TerminationGracePeriodSeconds; seconds != nil {
		plan.grace = max(*seconds, 1)
	}
	plan.grace = max(plan.grace, min(plan.grace+65, 300))
	for i, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			if plan.hooked < 0 && p.ContainerPort == original && (c.Lifecycle == nil || c.Lifecycle.PreStop == nil) {
				plan.hooked = i
			}
		}
	}
	patch, err := json.Marshal(s.patch(annotations, plan))
	if err != nil {
		return "internal", deny("internal error")
	}
	name := pod.Metadata.Name
	if name == "" {
		name = pod.Metadata.GenerateName
	}
	s.log.Info("Injected", "namespace", request.Namespace, "dry_run", request.DryRun, "pod", name,
		"original_port", original, "proxy_port", proxy, "mode", "regular")
	injected := allow(fmt.Sprintf("metrics proxy injected: port %d before %d", proxy, original))
	injected.PatchType = "JSONPatch"
	injected.Patch = base64.StdEncoding.EncodeToString(patch)
	return "opted_in", injected
}

type plan struct {
	original, proxy, grace int
	// Index of the container that gets the hook, or -1.
	hooked int
	token  string
}

type object = map[string]any

// The operations of the webhook's own patch: the bench shows both sizes, which have to be about equal.
func (s *webhook) patch(annotations map[string]string, plan plan) []operation {
	original, proxy := strconv.Itoa(plan.original), strconv.Itoa(plan.proxy)
	wanted := [][2]string{
		{port, proxy},
		{originalPort, original},
		{waitStatus, fmt.Sprintf(`{"version":"0.1.0","mode":"regular","originalPort":%s,"proxyPort":%s}`, original, proxy)},
		{"traffic.sidecar.istio.io/excludeInboundPorts", proxy},
		{"config.linkerd.io/skip-inbound-ports", proxy},
	}
	var patch []operation
	for _, pair := range wanted {
		if annotations[pair[0]] != pair[1] {
			patch = append(patch, operation{"add", "/metadata/annotations/" + pointer.Replace(pair[0]), pair[1]})
		}
	}
	patch = append(patch, operation{"add", "/spec/terminationGracePeriodSeconds", plan.grace})
	if plan.hooked >= 0 {
		path := fmt.Sprintf("/spec/containers/%d/lifecycle", plan.hooked)
		patch = append(patch, operation{"add", path, object{"preStop": object{"httpGet": object{
			"path":        "/-/prestop",
			"port":        plan.proxy,
			"scheme":      "HTTP",
			"httpHeaders": []object{{"name": "X-Prestop-Token", "value": plan.token}},
		}}}})
	}
	return append(patch, operation{"add", "/spec/containers/-", object{
		"name":  containerName,
		"image": s.image,
		"args": []string{
			"--original-port=" + original,
			"--proxy-port=" + proxy,
			"--termination-grace-period-seconds=" + strconv.Itoa(plan.grace),
			"--prestop-token=" + plan.token,
		},
		"ports": []object{{"name": "metrics-proxy", "containerPort": plan.proxy, "protocol": "TCP"}},
		"resources": object{
			"requests": object{"cpu": "10m", "memory": "32Mi"},
			"limits":   object{"memory": "128Mi"},
		},
		"securityContext": object{
			"allowPrivilegeEscalation": false,
			"capabilities":             object{"drop": []string{"ALL"}},
			"readOnlyRootFilesystem":   true,
			"runAsGroup":               65532,
			"runAsNonRoot":             true,
			"runAsUser":                65532,
			"seccompProfile":           object{"type": "RuntimeDefault"},
		},
	}})
}

// A pair that is read anew at a handshake if its file is another one than at the last.
type certificates struct {
	directory string
	sync.Mutex
	file os.FileInfo
	pair *tls.Certificate
}

func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.Lock()
	defer c.Unlock()
	path := filepath.Join(c.directory, "tls.crt")
	file, err := os.Stat(path)
	unchanged := err == nil && c.pair != nil && os.SameFile(file, c.file) && file.ModTime().Equal(c.file.ModTime())
	if unchanged {
		return c.pair, nil
	}
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(path, filepath.Join(c.directory, "tls.key")); err == nil {
			c.file, c.pair = file, &pair
		}
	}
	// In the middle of a swap the two files may not belong together: the next handshake reads again.
	if c.pair != nil {
		return c.pair, nil
	}
	return nil, err
}

func listen(name, port string) net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	actual := listener.Addr().(*net.TCPAddr).Port
	fmt.Fprintf(os.Stderr, `{"msg":"Listening","listener":%q,"port":%d}`+"\n", name, actual)
	return listener
}

func main() {
	if len(os.Args) != 5 {
		log.Fatal("admission CERT-DIR PORT HEALTH-PORT SIDECAR-IMAGE")
	}
	certs := &certificates{directory: os.Args[1]}
	if _, err := certs.get(nil); err != nil {
		log.Fatal(err)
	}
	hook := &webhook{
		image:  os.Args[4],
		log:    slog.New(slog.NewJSONHandler(os.Stderr, nil)),
		counts: counts{outcomes: map[string]int{}},
	}
	health := http.NewServeMux()
	health.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	probes := listen("health", os.Args[3])

	admissions := http.NewServeMux()
	admissions.HandleFunc("POST /mutate", hook.mutate)
	// What a server takes that decides nothing: tells how much the load generator itself can do.
	nothing := []byte(`{"patchType":"JSONPatch","padding":"` + strings.Repeat("x", 1500) + `"}`)
	admissions.HandleFunc("POST /nothing", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Write(nothing)
	})
	server := &http.Server{
		Handler: admissions,
		// HTTP/1.1 on both sides of the comparison, and the webhook speaks only that.
		TLSConfig: &tls.Config{GetCertificate: certs.get, NextProtos: []string{"http/1.1"}},
	}
	requests := tls.NewListener(listen("webhook", os.Args[2]), server.TLSConfig)
	go func() { log.Fatal(http.Serve(probes, health)) }()
	log.Fatal(server.Serve(requests))
}
