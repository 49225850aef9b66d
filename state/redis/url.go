package redis

import (
	"net/url"
	"regexp"

	"github.com/redis/go-redis/v9"

	"github.com/omnisync/omnisync/fault"
)

// database is a path of a URL that names a database, or none.
var database = regexp.MustCompile(`^/?[0-9]{0,4}$`)

// parseURL reads the server's address. Its errors say what is wrong and repeat
// no part of raw: a password with an unescaped / # ? @ ends up in any part of it.
func parseURL(raw string) (*redis.Options, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, badURL("it can't be read as a URL")
	case u.Scheme != "redis" && u.Scheme != "rediss":
		return nil, badURL("it doesn't begin with redis:// or rediss://")
	case u.Opaque != "" || u.Host == "":
		return nil, badURL("it names no host")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, badURL("it has a ? or # after the host, which nothing stands for")
	case !database.MatchString(u.Path):
		return nil, badURL("what follows the host is not the number of a database")
	}
	o, err := redis.ParseURL(raw)
	if err != nil {
		return nil, badURL("it has a part that go-redis doesn't know")
	}
	return o, nil
}

func badURL(detail string) error {
	return &fault.Error{
		Kind:   fault.Refused,
		Op:     "read the URL of Redis",
		Detail: detail,
		Hint:   "write redis://user:password@host:port/database (rediss:// for TLS), with / # ? @ and : in the password as %2F %23 %3F %40 and %3A",
	}
}
