package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// Print is a digest of everything that decides about one object: two readings
// with equal prints say the same. The zero Print stands for none. It is 128 bits
// of SHA-256, because whoever edits a profile must not be able to find two that
// look alike.
type Print [16]byte

// PrintOf digests parts, each apart from the others.
func PrintOf(parts ...[]byte) Print {
	h := sha256.New()
	var length [8]byte
	for _, p := range parts {
		for i, n := 0, len(p); i < len(length); i, n = i+1, n>>8 {
			length[i] = byte(n)
		}
		h.Write(length[:])
		h.Write(p)
	}
	var sum [sha256.Size]byte
	return Print(h.Sum(sum[:0])[:len(Print{})])
}

// MarshalText writes the print as base64.
func (p Print) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, p[:]), nil
}

// UnmarshalText reads what MarshalText wrote.
func (p *Print) UnmarshalText(text []byte) error {
	b, err := base64.RawURLEncoding.DecodeString(string(text))
	if err != nil || len(b) != len(p) {
		return fmt.Errorf("%.40q is no print", text)
	}
	copy(p[:], b)
	return nil
}
