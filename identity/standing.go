package identity

// Standing says what an assignment means for the account in Omni.
type Standing int

// The standings. The zero value is doubt, so that what nobody decided removes nothing.
const (
	Doubtful   Standing = iota // unknown status, or the Okta user couldn't be read: nothing is created, cleared or removed
	Assigned                   // has, or gets, an account
	Unassigned                 // must not have an account
	Suspended                  // the policy decides (users.suspended)
	Staged                     // gets no account yet; an existing one stays
)

// String gives the standing as a word.
func (s Standing) String() string {
	return [...]string{"doubtful", "assigned", "unassigned", "suspended", "staged"}[s]
}

// Standing reads the statuses of the app user and of the Okta user together.
//
//	app user                                            Okta user                                     standing
//	UNASSIGNED IMPORTED DEPROVISIONED REVOKED           any                                           unassigned
//	any known                                           DEPROVISIONED                                 unassigned
//	any other known                                     unread or unknown                             doubtful
//	SUSPENDED                                           any other known                               suspended
//	any other known                                     SUSPENDED                                     suspended
//	ACTIVE PROVISIONED PENDING APPROVED STAGED IMPLICIT STAGED                                        staged
//	ACTIVE PROVISIONED PENDING APPROVED STAGED IMPLICIT ACTIVE PROVISIONED RECOVERY PASSWORD_EXPIRED LOCKED_OUT  assigned
//	anything else                                       any                                           doubtful
func (a Assignment) Standing() Standing {
	switch a.Status {
	case "UNASSIGNED", "IMPORTED", "DEPROVISIONED", "REVOKED":
		return Unassigned
	case "ACTIVE", "PROVISIONED", "PENDING", "APPROVED", "STAGED", "IMPLICIT", "SUSPENDED":
	default:
		return Doubtful
	}
	account := accountStanding(a.Account)
	if a.Status == "SUSPENDED" && (account == Assigned || account == Staged) {
		return Suspended
	}
	return account
}

func accountStanding(status string) Standing {
	switch status {
	case "ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT":
		return Assigned
	case "DEPROVISIONED":
		return Unassigned
	case "SUSPENDED":
		return Suspended
	case "STAGED":
		return Staged
	default:
		return Doubtful
	}
}
