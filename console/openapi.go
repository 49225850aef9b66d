package console

import (
	_ "embed"
	"net/http"
)

//go:generate go test -run ^TestOpenAPIIsCurrent$ -update .

//go:embed openapi.json
var openAPI []byte

// OpenAPI gives the description of the JSON API.
func OpenAPI() []byte { return append([]byte(nil), openAPI...) }

func (a *api) openAPI(w http.ResponseWriter, _ *http.Request) {
	head(w, "application/json")
	_, _ = w.Write(openAPI) // a client that left needs no answer
}
