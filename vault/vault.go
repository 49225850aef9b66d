// Package vault encrypts what is saved of leavers, and opens it again: definitions
// of schedules may hold the credentials of where they deliver to.
//
// What it seals is an envelope, {"v":1,"key":ID,"nonce":...,"text":...}: AES-256-GCM
// under a key that is derived (HKDF-SHA256) from a line of state.key, or of the file
// that stands for it. The key's ID is derived beside it, tells which key is needed,
// and gives nothing away of it. The name of the record is authenticated with the text,
// so that an envelope opens under its own name only.
//
// Keys are looked up each time, and kept nowhere: a secret that was replaced counts
// from then on.
package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/omnisync/omnisync/fault"
)

// version is that of the envelope, and of how keys are derived.
const version = 1

// nonceSize is what GCM takes, in bytes.
const nonceSize = 12

// envelope is a sealed text as it is stored.
type envelope struct {
	Version int    `json:"v"`
	Key     string `json:"key"` // its ID
	Nonce   []byte `json:"nonce"`
	Text    []byte `json:"text"` // encrypted, its tag at the end
}

// Vault seals and opens. Its methods may be called from several goroutines, and
// processes that share the key's file.
type Vault struct {
	text func() (string, error)
	file string
}

// New gives the vault with the keys in text, one a line, and those in file. It looks
// at neither. Where text is empty, the first Seal makes the file. file may be "".
func New(text func() (string, error), file string) *Vault { return &Vault{text, file} }

// File names the key's file of the connection called name in the archive's directory;
// "" where there is no archive.
func File(archive, name string) string {
	if archive == "" {
		return ""
	}
	return filepath.Join(archive, name+".key")
}

// Seal encrypts plain with the first key, for the record called name. A key that it
// makes is durable before it is used.
func (v *Vault) Seal(name string, plain []byte) ([]byte, error) {
	const op = "encrypt what is saved"
	k, err := v.first()
	if err != nil {
		return nil, refused(op, "", err)
	}
	nonce := make([]byte, nonceSize)
	if _, err := rand.Read(nonce); err != nil {
		return nil, refused(op, "", err)
	}
	e := envelope{Version: version, Key: k.id, Nonce: nonce, Text: k.aead.Seal(nil, nonce, plain, bound(name))}
	return json.Marshal(e)
}

// Open gives back what was sealed for the record called name, with whichever key it
// was. It answers fault.Refused where that key isn't there, and where the envelope was
// changed or is another record's; its error holds nothing of a key or a text.
func (v *Vault) Open(name string, sealed []byte) ([]byte, error) {
	op := fmt.Sprintf("decrypt what was saved as %.80q", name)
	e, err := read(sealed)
	if err != nil {
		return nil, refused(op, hintDamaged, err)
	}
	k, err := v.find(e.Key)
	if err != nil {
		return nil, refused(op, "", err)
	}
	plain, err := k.aead.Open(nil, e.Nonce, e.Text, bound(name))
	if err != nil {
		return nil, refused(op, hintDamaged, errors.New("it was changed, or belongs to another record"))
	}
	return plain, nil
}

const hintDamaged = "the archive (state.archive) has a line for all that was saved: look there for a sound one"

// read takes an envelope apart. Its errors repeat nothing of it.
func read(sealed []byte) (envelope, error) {
	var form struct {
		Version int `json:"v"`
	}
	if json.Unmarshal(sealed, &form) == nil && form.Version > version {
		return envelope{}, fmt.Errorf("it has the form %d, this binary reads %d: run the newer syncd that wrote it", form.Version, version)
	}
	var e envelope
	d := json.NewDecoder(bytes.NewReader(sealed))
	d.DisallowUnknownFields()
	if d.Decode(&e) != nil || d.More() || e.Version != version || len(e.Nonce) != nonceSize || !isKeyID(e.Key) {
		return envelope{}, errors.New("it is cut or damaged")
	}
	return e, nil
}

// bound is what is authenticated beside the text.
func bound(name string) []byte { return []byte("omnisync saved\x00" + name) }

// KeyID tells which key Seal would use, and makes none: "" while Seal would.
func (v *Vault) KeyID() (string, error) {
	keys, err := v.configured()
	if err == nil && len(keys) == 0 && v.file != "" {
		keys, err = fromFile(v.file)
	}
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(keys) == 0 {
		return "", nil
	}
	if err != nil {
		return "", refused("find the key of what is saved", "", err)
	}
	return keys[0].id, nil
}

// first gives the key that seals.
func (v *Vault) first() (key, error) {
	keys, err := v.configured()
	if err == nil && len(keys) == 0 {
		if v.file == "" {
			return key{}, &fault.Error{Detail: "there is no key", Hint: "set state.key, such as to what openssl rand -hex 32 gives"}
		}
		if keys, err = fromFile(v.file); errors.Is(err, fs.ErrNotExist) {
			if err = makeFile(v.file); err == nil {
				keys, err = fromFile(v.file)
			}
		}
	}
	if err != nil {
		return key{}, err
	}
	return keys[0], nil
}

// find gives the key of that ID, the configured ones first: where one of them fits,
// the file isn't asked for.
func (v *Vault) find(id string) (key, error) {
	keys, err := v.configured()
	if err != nil {
		return key{}, err
	}
	if k, ok := pick(keys, id); ok {
		return k, nil
	}
	if v.file != "" {
		more, err := fromFile(v.file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return key{}, err
		}
		if k, ok := pick(more, id); ok {
			return k, nil
		}
		keys = append(keys, more...)
	}
	return key{}, v.missing(id, keys)
}

func pick(keys []key, id string) (key, bool) {
	for _, k := range keys {
		if k.id == id {
			return k, true
		}
	}
	return key{}, false
}

// missing names the key that is needed and those that are there.
func (v *Vault) missing(id string, keys []key) error {
	there := make([]string, len(keys))
	for i, k := range keys {
		there[i] = k.id
	}
	detail := "it needs the key " + id + ", and there is none"
	if len(there) > 0 {
		detail = "it needs the key " + id + ", and there are only " + strings.Join(there, ", ")
	}
	hint := "add the text of that key to state.key as a further line: the first line encrypts, all lines open"
	if v.file != "" {
		hint += "; a key that syncd made stood in " + v.file
	}
	return &fault.Error{Detail: detail, Hint: hint}
}

// configured gives the keys of state.key.
func (v *Vault) configured() ([]key, error) {
	text, err := v.text()
	if err != nil {
		return nil, fmt.Errorf("state.key: %w", err)
	}
	return fromText(text)
}

func refused(op, hint string, err error) error {
	return &fault.Error{Kind: fault.Refused, Op: op, Hint: hint, Err: err}
}
