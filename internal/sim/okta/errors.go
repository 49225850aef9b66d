package okta

import (
	"fmt"
	"net/http"
	"strings"
)

// failure is an answer in Okta's form of an error.
type failure struct {
	status  int
	code    string // such as E0000007; also the errorLink
	summary string
	causes  []string
}

func notFound(kind, id string) *failure {
	return &failure{http.StatusNotFound, "E0000007", fmt.Sprintf("Not found: Resource not found: %s (%s)", id, kind), nil}
}

// invalid names the parameter that can't be understood.
func invalid(parameter string, cause error) *failure {
	return &failure{http.StatusBadRequest, "E0000001", "Api validation failed: " + parameter, []string{parameter + ": " + cause.Error()}}
}

// badFilter is the answer to a filter of groups or users that can't be understood.
func badFilter(cause error) *failure {
	return &failure{http.StatusBadRequest, "E0000031", "Invalid search criteria.", []string{cause.Error()}}
}

// badLogQuery is the answer to a query of the System Log that can't be understood.
func badLogQuery(parameter string, cause error) *failure {
	return &failure{http.StatusBadRequest, "E0000053", fmt.Sprintf("Invalid parameter %s: %s", parameter, cause), nil}
}

func badToken() *failure {
	return &failure{http.StatusUnauthorized, "E0000011", "Invalid token provided", nil}
}

func denied() *failure {
	return &failure{http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action", nil}
}

func tooMany() *failure {
	return &failure{http.StatusTooManyRequests, "E0000047", "API call exceeded rate limit due to too many requests.", nil}
}

// unsupported tells a client that it asks for something real which the stand-in doesn't do.
func unsupported(what string) *failure {
	return &failure{http.StatusNotImplemented, "E0000060", "Unsupported operation: the stand-in knows no " + what, nil}
}

type errorJSON struct {
	Code    string      `json:"errorCode"`
	Summary string      `json:"errorSummary"`
	Link    string      `json:"errorLink"`
	ID      string      `json:"errorId"`
	Causes  []causeJSON `json:"errorCauses"`
}

type causeJSON struct {
	Summary string `json:"errorSummary"`
}

func (f *failure) body(requestID string) errorJSON {
	causes := make([]causeJSON, 0, len(f.causes))
	for _, c := range f.causes {
		causes = append(causes, causeJSON{c})
	}
	return errorJSON{f.code, f.summary, f.code, "oae" + strings.TrimPrefix(requestID, "req"), causes}
}
