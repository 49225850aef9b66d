package identity

// Belongings is what hangs on an account in Omni beside its attributes and groups.
type Belongings struct {
	Schedules  int
	Documents  int
	ModelRoles []string // that the account itself holds, not by a group or as everyone does
}

// Deliveries counts the schedules of one account.
type Deliveries struct {
	Schedules int
	People    int // who get them by mail; somebody counts for each schedule
}
