package main

import (
	"fmt"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// What every process of a measurement knows without asking.
const (
	orgURL = "https://bench.okta.com" // in links, and the ledger's other half
	appID  = "0oa1gjh63g214q0Hq0g4"
)

// membershipsEach is in how many groups a user is.
const membershipsEach = 10

// usersPerGroup is how many users there are for each group: 500 groups for
// 100,000. fewestGroups is more than the engine asks for one by one.
const (
	usersPerGroup = 200
	fewestGroups  = 25
)

// company is the organization that is measured. Everyone in it follows from
// these numbers. Group g has Each users in a row, from user g*Users/Groups on,
// and begins anew with the first after the last.
type company struct {
	Users, Groups, Each int
}

func newCompany(users int) company {
	groups := max(fewestGroups, users/usersPerGroup)
	return company{Users: users, Groups: groups, Each: min(users, membershipsEach*users/groups)}
}

func (c company) memberships() int { return c.Groups * c.Each }

// first is the number of the group's first member.
func (c company) first(group int) int { return group * c.Users / c.Groups }

func userID(i int) string { return "00u" + scrambled(i, 1) + "Hq0g4x" }

func groupID(g int) identity.GroupID { return identity.GroupID("00g" + scrambled(g, 2) + "Jm0g4x") }

func mappingID(g int) string { return "gPm" + scrambled(g, 3) + "Kp0g4x" }

// scrambled gives a number a text of eleven letters, as unordered as Okta's ids
// are: no list is in the order of its ids. It is splitmix64, which gives no two
// numbers one text.
func scrambled(i, salt int) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	z := (uint64(i) + uint64(salt)<<40) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	var text [11]byte
	for k := range text {
		text[k] = letters[z%62]
		z /= 62
	}
	return string(text[:])
}

// person is what a user's objects are written from.
type person struct {
	id, first, last, login, title, department, city string
	number                                          int
	created, updated                                string
}

var (
	firstNames  = []string{"Ada", "Bjarne", "Chidi", "Dolores", "Émile", "Fatima", "Grace", "Hiroshi", "Ingrid", "João", "Katherine", "Linus", "Margaret"}
	lastNames   = []string{"Lovelace", "Stroustrup", "Okonkwo", "Haze-Martín", "Borel", "al-Fihri", "Hopper", "Yamauchi", "Daubechies", "Silva", "Johnson"}
	departments = []string{"Finance", "Sales EMEA", "Sales Americas", "Engineering", "Data Platform", "People", "Legal", "Customer Success"}
	titles      = []string{"Analyst", "Senior Analyst", "Account Executive", "Staff Engineer", "Manager", "Director", "Counsel"}
	cities      = []string{"Berlin", "New York", "Toronto", "São Paulo", "Singapore", "London"}
)

func newPerson(i int) person {
	first, last := firstNames[i%len(firstNames)], lastNames[i/7%len(lastNames)]
	return person{
		id: userID(i), number: i, first: first, last: last, login: fmt.Sprintf("person.%06d@acme-analytics.example", i),
		title: titles[i/3%len(titles)], department: departments[i/5%len(departments)], city: cities[i/11%len(cities)],
		created: stamp(i), updated: stamp(i + 40_000_000),
	}
}

// stamp is a moment in Okta's form, i seconds after an arbitrary one.
func stamp(i int) string {
	return time.Date(2024, 2, 29, 8, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Second).Format("2006-01-02T15:04:05.000Z")
}
