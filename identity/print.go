package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// Print is a digest of everything that decides about one object: two readings
// with equal prints say the same. The zero Print stands for none. It is 128 bits
// of SHA-256, because whoever edits a profile must not be able to find two that
// look alike.
type Print [16]byte

// PrintOf digests parts, each apart from the others.
func PrintOf(parts ...[]byte) Print {
	text := make([]byte, 0, 2048) // most objects fit, and then nothing is allocated
	for _, p := range parts {
		text = binary.LittleEndian.AppendUint64(text, uint64(len(p)))
		text = append(text, p...)
	}
	sum := sha256.Sum256(text)
	return Print(sum[:len(Print{})])
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
