package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/omnisync/omnisync/fault"
)

// idSize is the length of a key's ID in bytes; it is written in hexadecimal.
const idSize = 6

// longestFile bounds what is read of the key's file, in bytes.
const longestFile = 1 << 16

// key is one key, ready for use.
type key struct {
	id   string
	aead cipher.AEAD
}

// Format prints the ID alone, whatever the verb: within the cipher stands the key.
func (k key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "key "+k.id) }

// fromText derives a key from each line that isn't blank.
func fromText(text string) ([]key, error) {
	var keys []key
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		k, err := derive(line)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

func derive(line string) (key, error) {
	expand := func(purpose string, size int) ([]byte, error) {
		return hkdf.Key(sha256.New, []byte(line), nil, "omnisync saved 1 "+purpose, size)
	}
	secret, err := expand("key", 32)
	if err != nil {
		return key{}, err
	}
	id, err := expand("id", idSize)
	if err != nil {
		return key{}, err
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCM(block)
	return key{hex.EncodeToString(id), aead}, err
}

func isKeyID(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == idSize && strings.ToLower(s) == s
}

// fromFile gives the keys in a file; fs.ErrNotExist is in the chain where there is none.
func fromFile(path string) ([]key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, longestFile))
	if err != nil {
		return nil, unreadable(path, err)
	}
	keys, err := fromText(string(text))
	if err == nil && len(keys) == 0 {
		err = &fault.Error{Op: "read " + path, Detail: "it holds no key",
			Hint: "put it back from a backup, or remove it: a new key is made then, and what was saved before can't be opened"}
	}
	return keys, err
}

func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return &fault.Error{Op: "read the key of what is saved", Err: err, Hint: "let the user that runs syncd read " + path + ", and nobody else"}
}

// makeFile puts a random key into a file at path, whole and on the disk, for the
// user alone. Of several who do so at once one succeeds, and the others find its
// key: an existing file is never written to.
func makeFile(path string) error {
	dir := filepath.Dir(path)
	made, err := writeKey(dir)
	if err == nil {
		err = os.Link(made, path)
	}
	if made != "" {
		err = errors.Join(err, os.Remove(made))
	}
	if err == nil || errors.Is(err, fs.ErrExist) {
		err = syncDir(dir)
	}
	if err == nil {
		return nil
	}
	return &fault.Error{Op: "make a key for what is saved", Err: err,
		Hint: "let the user that runs syncd write into " + dir + ", or set state.key, such as to what openssl rand -hex 32 gives"}
}

// writeKey gives the name of a new file in dir that holds a new key, "" where none was made.
func writeKey(dir string) (string, error) {
	f, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(rand.Text() + rand.Text() + "\n") // 260 bits
	return f.Name(), errors.Join(err, f.Sync(), f.Close())
}

// syncDir makes the names in dir durable. Windows does so by itself, and has no such call.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
