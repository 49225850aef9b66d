package push

import (
	"net/http"
	"net/netip"
	"strings"
)

// source is the address that a request comes from. Behind a proxy it is the last
// one in X-Forwarded-For: the proxy itself has put it there, while all before it
// is what the caller sent. A last entry that is no address gives the zero Addr,
// which is in no network.
func (s *doors) source(r *http.Request) netip.Addr {
	if s.BehindProxy {
		if lines := r.Header.Values("X-Forwarded-For"); len(lines) > 0 {
			last := lines[len(lines)-1]
			return parseSource(last[strings.LastIndexByte(last, ',')+1:])
		}
	}
	return parseSource(r.RemoteAddr)
}

// parseSource takes an address with a port or without: some proxies write it.
func parseSource(text string) netip.Addr {
	text = strings.TrimSpace(text)
	if p, err := netip.ParseAddrPort(text); err == nil {
		return p.Addr().Unmap().WithZone("")
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// forGroups reports whether the path is of a group, or of all of them.
func forGroups(path string) bool {
	return strings.HasSuffix(path, "/Groups") || strings.Contains(path, "/Groups/")
}
