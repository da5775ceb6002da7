// Go's httputil.ReverseProxy before one upstream: reverse-proxy UPSTREAM-URL. It takes a free port on
// 127.0.0.1 and tells it in one line of JSON, as the sidecar does.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
)

func main() {
	upstream, err := url.Parse(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// The default of 2 would open a new connection for most requests, and compression is the scraper's choice.
	transport.MaxIdleConnsPerHost = 128
	transport.DisableCompression = true
	transport.Proxy = nil
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	fmt.Fprintf(os.Stderr, `{"msg":"Listening","listener":"proxy","port":%d}`+"\n", port)
	log.Fatal(http.Serve(listener, proxy))
}
