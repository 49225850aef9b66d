package console

import (
	"errors"
	"fmt"
	"net/http"
)

// readForm reads what a page's form posts.
func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return &statusError{http.StatusRequestEntityTooLarge,
			refusal("read the form", fmt.Sprintf("it is larger than %d bytes", maxForm), "choose fewer at a time")}
	}
	if err != nil {
		return refusal("read the form", err.Error(), "")
	}
	return nil
}
