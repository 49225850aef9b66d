package main

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a headless Chromium that looks at one console, and remembers what a person
// with its tools open would see go wrong.
type browser struct {
	t    *testing.T
	ctx  context.Context
	site string // http://host:port
	dir  string // of the pictures
	axe  string // the text of axe-core, "" where it isn't at hand

	mu       sync.Mutex
	wrongs   []string
	requests int
}

func openBrowser(t *testing.T, site string) *browser {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Fatal("no Chromium in PATH: scripts/test installs it (package chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900), chromedp.Flag("disable-component-update", true))
	allocated, free := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(free)
	b := &browser{t: t, site: site, dir: t.ArtifactDir(), axe: axe(t)}
	ctx, leave := chromedp.NewContext(allocated, chromedp.WithListener(b.hear))
	t.Cleanup(leave)
	b.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // it starts, and lives as long as ctx
		t.Fatal(err)
	}
	b.do(command(network.Enable, network.EnableParams{}), command(cdplog.Enable, cdp.Empty{}))
	return b
}

// hear remembers errors on the console, and requests to anybody else.
func (b *browser) hear(event any) {
	wrong := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		wrong = "a script failed: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			wrong = "a script complains"
		}
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			wrong = "the browser complains: " + e.Entry.Text + " " + e.Entry.URL
		}
	case *network.EventRequestWillBeSent:
		b.mu.Lock()
		b.requests++
		b.mu.Unlock()
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && "http://"+u.Host != b.site {
			wrong = "a request goes to " + e.Request.URL
		}
	}
	if wrong != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.wrongs = append(b.wrongs, wrong)
	}
}

// do does something in the browser, in half a minute at most, and tells what went wrong
// meanwhile.
func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	_ = got(b, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		return chromedp.Steps(actions...)(ctx, t)
	})
}

// got does what gives a value.
func got[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
		b.t.Fatalf("%v\n%s", err, text)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, wrong := range b.wrongs {
		b.t.Error(wrong)
	}
	b.wrongs = nil
	return v
}

// command is one of the protocol's own.
func command[P, R any](c cdp.Command[P, R], with P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, with)
		return err
	})
}

func (b *browser) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.site+path), chromedp.WaitVisible(chromedp.CSS("main")))
}

// text is what a person reads on the page.
func (b *browser) text() string {
	b.t.Helper()
	return got(b, chromedp.Evaluate[string](`document.body.innerText`))
}

// reads fails where the page doesn't say something within some seconds.
func (b *browser) reads(want string) {
	b.t.Helper()
	text := ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); pause() {
		if text = b.text(); strings.Contains(text, want) {
			return
		}
	}
	b.t.Fatalf("the page doesn't say %q:\n%s", want, text)
}

// press presses the button of this name, and waits for the page that comes then.
func (b *browser) press(name string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`document.documentElement.dataset.old = "yes"`),
		chromedp.Click(chromedp.Search(`//button[starts-with(normalize-space(.), "`+name+`")]`)),
		chromedp.WaitReady(chromedp.CSS(`html:not([data-old]) main`)))
}

// keep keeps pictures of the page: on a desk, in the dark, on a phone.
func (b *browser) keep(name string) {
	b.t.Helper()
	desk, phone := chromedp.EmulateViewport(1280, 1100), chromedp.EmulateViewport(390, 1100, chromedp.EmulateMobile)
	for look, set := range map[string][]chromedp.Action[chromedp.Void]{
		"light": {desk, scheme("light")}, "dark": {desk, scheme("dark")}, "phone": {phone, scheme("light")},
	} {
		b.do(set...)
		b.accessible(name, look)
		if wide := got(b, chromedp.Evaluate[string](tooWide)); wide != "" {
			b.t.Errorf("%s doesn't fit the width of the window (%s): %s", name, look, wide)
		}
		if err := os.WriteFile(filepath.Join(b.dir, name+"-"+look+".png"), got(b, chromedp.CaptureScreenshot()), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	b.do(desk, scheme("light"))
}

// tooWide names what makes the page wider than the window.
const tooWide = `document.documentElement.scrollWidth <= innerWidth ? "" : [...document.querySelectorAll("main *")]
	.filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth).map(e => e.outerHTML.slice(0, 80)).slice(0, 3).join("\n") || "something"`

func scheme(name string) chromedp.Action[chromedp.Void] {
	return command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
}
