package configs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.yaml.in/yaml/v3"

	"github.com/omnisync/omnisync/configs"
)

// TestPromise13NothingLeaks prints a configuration in every way and looks for its secrets.
func TestPromise13NothingLeaks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("s3cret-key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(minimal, "${env:OMNI_API_KEY}", "${file:"+file+"}", 1) + "state: {url: \"rediss://user:s3cret-redis@h:1/0\"}\n"
	c := parse(t, text, "OKTA_API_TOKEN=s3cret-token")
	token, err1 := c.Okta.Auth.APIToken.Value()
	key, err2 := c.Omni.APIKeys[0].Value()
	if token != "s3cret-token" || key != "s3cret-key" || err1 != nil || err2 != nil {
		t.Fatalf("the secrets don't resolve: %v, %v", err1, err2)
	}
	var out bytes.Buffer
	for _, v := range []any{c, *c, c.Okta, c.Okta.Auth.APIToken, &c.Okta.Auth.APIToken, c.Omni.APIKeys, c.State, c.State.URL} {
		fmt.Fprintf(&out, "%v %+v %#v %s %q %x %d\n", v, v, v, v, v, v, v)
		j, err := json.Marshal(v)
		y, err2 := yaml.Marshal(v)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		out.Write(append(j, y...))
		for _, encoder := range []zapcore.Encoder{zapcore.NewJSONEncoder(zapcore.EncoderConfig{}), zapcore.NewConsoleEncoder(zapcore.EncoderConfig{})} {
			log := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&out), zap.DebugLevel))
			log.Info("x", zap.Any("any", v), zap.Reflect("reflect", v))
			log.Sugar().Infow("x", "key", v)
		}
	}
	if err := configs.Print(&out, c); err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{"s3cret", fmt.Sprintf("%x", "s3cret")} {
		if i := strings.Index(out.String(), leak); i >= 0 {
			t.Errorf("%q is printed: ...%s", leak, out.String()[max(0, i-80):i+20])
		}
	}
	if !strings.Contains(out.String(), "***") {
		t.Error("nothing was masked: the test looks at nothing")
	}
}

func TestSecretIsKeptUntilReread(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	write := func(s string) {
		if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := func(s configs.Secret, value string) {
		t.Helper()
		if got, err := s.Value(); got != value || err != nil {
			t.Errorf("Value() = %q, %v; want %q", got, err, value)
		}
	}
	c := parse(t, strings.Replace(minimal, "${env:OMNI_API_KEY}", "${file:"+file+"}", 1), "OKTA_API_TOKEN=t")
	s := c.Omni.APIKeys[0]
	write("one\r\n")
	want(s, "one")
	write(" two ")
	want(s, "one")
	copied := s
	copied.Reread()
	want(s, " two ")
	write("three\n\n")
	c.Reread()
	want(s, "three")
	want(c.Okta.Auth.APIToken, "t")
}

func TestAbsentSecret(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for ref, environ := range map[string][]string{
		"${env:NOT_SET}": nil, "${env:EMPTY}": {"EMPTY="}, "${file:" + dir + "/none}": nil, "${file:" + empty + "}": nil,
	} {
		s, err := configs.ParseSecret(ref, environ)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := s.Value(); v != "" || !errors.Is(err, configs.ErrAbsent) {
			t.Errorf("%s: %q, %v; want ErrAbsent", ref, v, err)
		}
	}
	if v, err := (configs.Secret{}).Value(); v != "" || err != nil {
		t.Errorf("the zero secret: %q, %v", v, err)
	}
}

func TestSecretThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{"${env:R}": "another reference", "${file:" + dir + "}": "is a directory", "${file:" + large + "}": "too large"} {
		s, err := configs.ParseSecret(ref, []string{"R=${env:R}"})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := s.Value(); v != "" || err == nil || errors.Is(err, configs.ErrAbsent) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v; want %q", ref, v, err, want)
		}
	}
	if _, err := configs.ParseSecret("literal", nil); err == nil || strings.Contains(err.Error(), "literal") {
		t.Errorf("a literal secret: %v", err)
	}
}

func TestConsoleTokenMayBeAbsent(t *testing.T) {
	if v, err := parse(t, minimal).Console.Token.Value(); v != "" || err != nil {
		t.Errorf("the default: %q, %v; want empty", v, err)
	}
	if v, err := parse(t, minimal, "SYNCD_CONSOLE_TOKEN=x").Console.Token.Value(); v != "x" || err != nil {
		t.Errorf("the variable: %q, %v; want x", v, err)
	}
	named := parse(t, minimal+"console: {token: \"${env:OTHER}\"}\n")
	if _, err := named.Console.Token.Value(); !errors.Is(err, configs.ErrAbsent) {
		t.Errorf("a variable that somebody named: %v, want ErrAbsent", err)
	}
}

func TestSecretsCheck(t *testing.T) {
	text := strings.Replace(minimal, `["${env:OMNI_API_KEY}"]`, `["${env:A}", "${env:B}"]`, 1) + "state: {url: \"${env:REDIS_URL}\"}\n"
	tests := []struct {
		environ []string
		want    string
	}{
		{[]string{"OKTA_API_TOKEN=t", "A=a", "B=b", "REDIS_URL=rediss://:s3cret@h"}, ""},
		{[]string{"OKTA_API_TOKEN=t", "A=a", "B=b", "REDIS_URL=s3cret"}, "f:10:14: state.url: what ${env:REDIS_URL} holds is neither bolt://, redis:// nor rediss://; put a bolt://, redis:// or rediss:// URL there"},
		{[]string{"A=a", "REDIS_URL=bolt://x"}, "f:6:16: okta.auth.api_token: environment variable OKTA_API_TOKEN is not set or empty; set it, or change the reference ${env:OKTA_API_TOKEN}\n" +
			"f:9:26: omni.api_keys[1]: environment variable B is not set or empty; set it, or change the reference ${env:B}"},
	}
	for _, tt := range tests {
		_, _, err := configs.Parse([]byte(text), "f", tt.environ, configs.Secrets)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%v:\n%s\nwant\n%s", tt.environ, got, tt.want)
		}
	}
}

// TestSecretIsReadByMany resolves and forgets one secret from many sides at
// once; the race detector looks on.
func TestSecretIsReadByMany(t *testing.T) {
	c := parse(t, minimal, "OKTA_API_TOKEN=t", "OMNI_API_KEY=k")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				if v, err := c.Okta.Auth.APIToken.Value(); v != "t" || err != nil {
					t.Errorf("Value() = %q, %v", v, err)
				}
				c.Reread()
			}
		})
	}
	all.Wait()
}

func TestStateURLIsRereadToo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "url")
	write := func(url string) {
		if err := os.WriteFile(file, []byte(url+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("redis://one")
	c := parse(t, with("state.url", "${file:"+file+"}"))
	for _, want := range []string{"redis://one", "rediss://two"} {
		write(want)
		c.State.URL.Reread()
		if kind, address, err := c.State.Backend(); kind != configs.Redis || address != want || err != nil {
			t.Errorf("Backend() = %q, %q, %v; want %q", kind, address, err, want)
		}
	}
}

// TestReferences: what is one, and what only looks so.
func TestReferences(t *testing.T) {
	for ref, sound := range map[string]bool{
		"${env:A}": true, "${env:_a9}": true, "${file:x}": true, "${file:/a b/c.pem}": true,
		"": false, "${env:}": false, "${env:9}": false, "${env:A-B}": false, "${file:}": false, "${file:a}b}": false,
		"x${env:A}": false, "${env:A} ": false, "${ENV:A}": false, "${env:A}${env:B}": false, "$A": false, "${A}": false,
	} {
		s, err := configs.ParseSecret(ref, nil)
		if (err == nil) != sound || sound && s.Ref() != ref || !sound && s.Ref() != "" {
			t.Errorf("%q: %v, reference %q; want sound: %v", ref, err, s.Ref(), sound)
		}
	}
}
