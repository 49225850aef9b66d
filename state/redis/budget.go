package redis

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/omnisync/omnisync/identity"
)

// spendScript takes one request of each sliding window, or none: no span as long as a
// window holds more than its most. Even steps alone could not say that where some
// requests may go together.
//
//	KEYS     a window each
//	ARGV     for each: most, its length in ms
//	returns  0 when they are taken, else ms until they can be
var spendScript = redis.NewScript(`
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local wait = 0
for i, key in ipairs(KEYS) do
  local most, length = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - length)
  local over = redis.call('ZCARD', key) - most
  if over >= 0 then
    wait = math.max(wait, redis.call('ZRANGE', key, over, over, 'WITHSCORES')[2] + length - now)
  end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  local n = redis.call('ZCARD', key)
  while redis.call('ZADD', key, 'NX', now, now .. '-' .. n) == 0 do n = n + 1 end
  redis.call('PEXPIRE', key, ARGV[2 * i])
end
return 0
`)

// Spend takes one request of each quota, among all processes of this ledger, or none and
// tells how long it is until there is one of each. Time is the server's.
func (s *Store) Spend(ctx context.Context, of ...identity.Quota) (time.Duration, error) {
	keys, args := make([]string, len(of)), make([]any, 0, 2*len(of))
	for i, q := range of {
		keys[i] = s.keys.budget(q.Name)
		args = append(args, q.Most, q.Window.Milliseconds())
	}
	wait, err := spendScript.Run(ctx, s.client, keys, args...).Int64()
	if err != nil {
		return 0, s.fault("share the budget of", err)
	}
	return time.Duration(wait) * time.Millisecond, nil
}
