package console

import "github.com/omnisync/omnisync/sync"

// OpenAPITypes are the Go types of what openapi.yaml names, by the name there. The types
// of their fields come along under their own names.
var OpenAPITypes = map[string]any{
	"Status": sync.Status{}, "Explanation": sync.Explanation{}, "Names": namesAnswer{}, "History": historyAnswer{}, "AccessAnswer": sync.AccessAnswer{},
	"RunsAnswer": runsAnswer{}, "RunAnswer": runAnswer{}, "Kept": Kept{}, "Leavers": LeaversAnswer{}, "RestoreRequest": sync.RestoreRequest{},
	"LeaveRequest": leaveBody{}, "ForgetRequest": forgetBody{}, "PauseRequest": pauseBody{}, "ResumeRequest": resumeBody{},
	"Links": LinksAnswer{}, "LinkRequest": linkBody{}, "UnlinkRequest": unlinkBody{},
	"RunRequest": runBody{}, "DecisionRequest": decisionBody{}, "Line": Line{}, "Error": Failure{},
	"People": PeopleAnswer{}, "Groups": GroupsAnswer{}, "Figures": Figures{},
}

// OpenAPIExtras is what the types don't say of the fields of requests.
var OpenAPIExtras = map[string]map[string]any{
	"RunRequest.kind": {"enum": []any{"full", "reconcile", "user"}},
}
