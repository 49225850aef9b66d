package omni

import "time"

// Kind names what a request asks for.
type Kind string

// The kinds of requests that an Org answers; Unknown is a path or method that it doesn't have.
const (
	ListUsers       Kind = "list users"
	CreateUser      Kind = "create user"
	ReadUser        Kind = "read user"
	ReplaceUser     Kind = "replace user"
	PatchUser       Kind = "patch user"
	DeleteUser      Kind = "delete user"
	ListGroups      Kind = "list groups"
	CreateGroup     Kind = "create group"
	ReadGroup       Kind = "read group"
	ReplaceGroup    Kind = "replace group"
	PatchGroup      Kind = "patch group"
	DeleteGroup     Kind = "delete group"
	ListEmbedUsers  Kind = "list embed users"
	ReadEmbedUser   Kind = "read embed user"
	DeleteEmbedUser Kind = "delete embed user"
	ListAttributes  Kind = "list attributes"
	ListSchedules   Kind = "list schedules"
	ReadSchedule    Kind = "read schedule"
	ReadRecipients  Kind = "read recipients"
	CreateSchedule  Kind = "create schedule"
	ReplaceSchedule Kind = "replace schedule"
	DeleteSchedule  Kind = "delete schedule"
	TakeSchedule    Kind = "transfer schedule"
	PauseSchedule   Kind = "pause schedule"
	ResumeSchedule  Kind = "resume schedule"
	AddRecipients   Kind = "add recipients"
	ListDocuments   Kind = "list documents"
	ReadDocument    Kind = "read document"
	TakeDocument    Kind = "transfer document"
	ListModelRoles  Kind = "list model roles"
	ListGroupRoles  Kind = "list model roles of a group"
	WhoAmI          Kind = "who am I"
	Unknown         Kind = "unknown"
)

// Request is one request that was answered.
type Request struct {
	Kind    Kind
	Method  string
	Path    string
	Status  int
	Changed bool // whether anything in the organization became different
	Time    time.Time
}

// Write reports whether r was a POST, PUT, PATCH or DELETE that was accepted,
// whether or not it changed anything.
func (r Request) Write() bool {
	return r.Method != "GET" && r.Method != "HEAD" && r.Status >= 200 && r.Status < 300
}

// Requests gives everything that was asked since the last ResetLog, in order.
func (o *Org) Requests() []Request {
	defer o.lock()()
	return append([]Request(nil), o.log...)
}

// Writes counts the accepted writes since the last ResetLog.
func (o *Org) Writes() int {
	return o.count(Request.Write)
}

// Count counts the requests of one kind since the last ResetLog, whatever their answer.
func (o *Org) Count(kind Kind) int {
	return o.count(func(r Request) bool { return r.Kind == kind })
}

// ResetLog forgets the requests, not the state and not the rate windows.
func (o *Org) ResetLog() {
	defer o.lock()()
	o.log = nil
}

func (o *Org) count(match func(Request) bool) int {
	defer o.lock()()
	n := 0
	for _, r := range o.log {
		if match(r) {
			n++
		}
	}
	return n
}
