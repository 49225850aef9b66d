// Package console is the daemon's listener: the web pages, the JSON API that the commands
// speak, the health checks, and the meters. Client is the other end of the API. How a page
// is added stands in page.go.
//
//	GET  /healthz                    200 while the process lives
//	GET  /readyz                     200 while it leads and its ledger answers, else 503
//	GET  /api/v1/status              sync.Status
//	GET  /api/v1/names               ?of=all|users|failing|held|runs|saved&prefix=&limit= -> {"names":[{"name","about"}]}
//	GET  /api/v1/explain             ?subject= -> sync.Explanation
//	GET  /api/v1/people              ?prefix=&limit= -> PeopleAnswer
//	GET  /api/v1/groups              ?prefix=&limit= -> GroupsAnswer
//	GET  /api/v1/figures             Figures, at most a minute old
//	GET  /api/v1/leavers             {"leavers":[sync.Leaver]}
//	POST /api/v1/leavers/{user}/leave  {"by":"...","confirm":"userName","attached":bool} -> lines, the first one {"leaver":sync.Leaver}
//	GET  /api/v1/schedules           ?of=NAME -> {"saved":[state.Saved]}
//	POST /api/v1/schedules/restore   sync.RestoreRequest -> lines, the last one {"restored":sync.RestoreReport}
//	POST /api/v1/forget              {"subject":"...","by":"...","dry_run":bool} -> the line {"forgotten":sync.Forgotten}
//	POST /api/v1/pause               {"by":"...","seconds":n,"removals_only":bool,"reason":"..."} -> {"paused":sync.PauseAnswer}
//	POST /api/v1/resume              {"by":"..."} -> {"paused":sync.PauseAnswer}
//	GET  /api/v1/history             ?subject=&kind=&state=&run=&since=&until=&skip=&limit= -> {"changes":[...]}, or with format=csv|jsonl a file
//	GET  /api/v1/access              ?at=&subject= -> sync.AccessAnswer
//	GET  /api/v1/runs                ?kind=&outcome=&skip=&limit= -> {"runs":[state.Run]}
//	GET  /api/v1/runs/{run}          {"run":state.Run,"changes":[...]}
//	GET  /api/v1/events              server-sent events for a page: "progress", with HTML, and "changed"
//	POST /api/v1/runs                {"kind":"full"|"reconcile","dry_run":bool,"insist":bool,"only":[name],"attached":bool} -> lines
//	POST /api/v1/runs/{run}/approve  {"by":"...","attached":bool} -> lines, the first one the decision; with "preview":true {"decided":...} alone, and nothing is decided
//	POST /api/v1/runs/{run}/reject   {"by":"..."} -> {"decided":sync.Decided}
//	GET  /api/openapi.json           all of this in OpenAPI's words, which a test holds to the answers
//	GET  /metrics                    Prometheus's text, or its protobuf where it asks for that; wants the token like the API
//
// Lines are application/x-ndjson, one member each: {"decided":...} or {"leaver":...}, then
// {"progress":...} while the run goes on, and at the end {"report":...} or
// {"error":...}. A run that was asked for goes on when its client leaves, unless it is
// attached: then it ends after the changes under way, and is recorded as stopped. While
// another run is under way, the progress is that one's, as its run and note say.
//
// A progress, which is also the status's "running" (with kind and since, null
// between runs):
//
//	{"run":"...","step":"apply","done":1265,"total":5060,"per_minute":58.4,"requests":3795,"left_seconds":3900}
//
// total is 0 and left_seconds null while nobody knows them.
//
// A request's way through the doors: panics become errors (recovered), the
// health checks are answered, then Host and origin are asked for, then who sends it and
// whether they may (enter), and only then does a path mean anything. Every error is
// {"error":{"kind","message","hint"}}, whatever the status; a browser that asked for a page
// gets it as one, or the login page.
package console
