package check

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
)

// renewIn is how long before its end a certificate is to be replaced.
const renewIn = 30 * 24 * time.Hour

// checkCertificate judges what the listener shows. Okta connects only where the
// certificate names the host of the address that it was given, and an authority has signed it.
func (e *endpointSide) checkCertificate(ctx context.Context) Finding {
	chain, err := e.Certificates(ctx)
	return judged(chain, err, "scim.tls")
}

// judged judges the certificate that stands in the section.
func judged(chain []*x509.Certificate, err error, section string) Finding {
	if err != nil || len(chain) == 0 {
		return broken(err, "see "+section)
	}
	own, now := chain[0], time.Now()
	names := slices.Clone(own.DNSNames)
	for _, ip := range own.IPAddresses {
		names = append(names, ip.String())
	}
	f := good("for %s, until %s", strings.Join(names, ", "), day(own.NotAfter))
	replace := "put a new certificate into " + section + ".cert_file and key_file: it is taken up by itself"
	switch {
	case len(names) == 0:
		return good("until %s", day(own.NotAfter)).fail("the certificate names no host", replace)
	case now.Before(own.NotBefore):
		return f.fail("the certificate is valid only from "+day(own.NotBefore)+" on", replace+", or set this machine's clock")
	case now.After(own.NotAfter):
		return f.fail("the certificate has ended", replace)
	}
	pool := x509.NewCertPool()
	for _, c := range chain[1:] {
		pool.AddCert(c)
	}
	if _, err := own.Verify(x509.VerifyOptions{Intermediates: pool, CurrentTime: now}); err != nil {
		return f.warn("this machine doesn't trust it, and Okta may not either: "+err.Error(),
			"use a certificate of a public authority, and put those that signed it into "+section+".cert_file too, below it")
	}
	if left := own.NotAfter.Sub(now); left < renewIn {
		return f.warn(fmt.Sprintf("the certificate ends in %s", counted(int(left.Hours()/24), "day")), replace)
	}
	return f
}
