package redis

import "github.com/redis/go-redis/v9"

// Every script reads the lease first and keeps to one slot.

// applyScript runs write commands under a fence, all or none of them.
//
//	KEYS[1]    the lease
//	KEYS[2]    the position
//	KEYS[3..]  the hashes and streams of the commands, each once
//	ARGV[1]    the writer's fence
//	ARGV[2]    the batch's ID, or ""
//	ARGV[3..]  the commands: name, index of its key, number n of arguments, n arguments
//	returns    "" when all is written; else the lease's value, or "-" when there
//	           is no lease, and nothing is written
//
// Redis undoes nothing when a script fails half way. So a first pass looks for
// what could fail: a key of another type, a command that the user may not run
// (Redis 7 tells).
// Being out of memory, a replica or unable to save fails the first write already.
var applyScript = redis.NewScript(`
local lease = redis.call('GET', KEYS[1])
if not lease then return '-' end
if string.match(lease, '^(%S+) ') ~= ARGV[1] then return lease end
if ARGV[2] ~= '' and redis.call('HGET', KEYS[2], 'last') == ARGV[2] then return '' end

local wants = {HSET = 'hash', HDEL = 'hash', XADD = 'stream', XTRIM = 'stream'}
local function each(f)
  local i = 3
  while i <= #ARGV do
    local n = tonumber(ARGV[i + 2])
    f(ARGV[i], KEYS[tonumber(ARGV[i + 1])], i + 3, i + 2 + n)
    i = i + 3 + n
  end
end
local problem
each(function(name, key, first, last)
  local has = redis.call('TYPE', key)['ok']
  if wants[name] and has ~= 'none' and has ~= wants[name] then
    problem = 'WRONGTYPE ' .. key .. ' is a ' .. has .. ', not a ' .. wants[name]
  end
  if redis.acl_check_cmd and not redis.acl_check_cmd(name, key, unpack(ARGV, first, last)) then
    problem = 'NOPERM this user may not run ' .. name .. ' on ' .. key
  end
end)
if problem then return redis.error_reply(problem) end
redis.call('HINCRBY', KEYS[2], 'writes', 1)
redis.call('HSET', KEYS[2], 'last', ARGV[2])
each(function(name, key, first, last)
  redis.call(name, key, unpack(ARGV, first, last))
end)
return ''
`)

// acquireScript takes the lease when nobody has it, or nobody knows that he has it.
//
//	KEYS     the lease, the epoch, the counter, the form
//	ARGV     holder, time to live in ms, an epoch in case there is none yet, a nonce,
//	         the form that the caller knows and the version that it needs; then the
//	         nonces of leases that the caller may have left there
//	returns  {1, fence}, {0, the lease's value} when somebody has it, or {2, the
//	         form's value} when the caller can't have known it
//
// The nonce is the fence's last part. Without it two holders could get the same
// fence when a replica that lacks the newest count becomes the master.
var acquireScript = redis.NewScript(`
local form = redis.call('GET', KEYS[4])
local number = form and tonumber(string.match(form, '^%d+')) or 0
if form and (number < 1 or number > tonumber(ARGV[5])) then return {2, form} end
local lease = redis.call('GET', KEYS[1])
if lease then
  local nonce, left = string.match(lease, '^%S+:(%S+) '), false
  for i = 7, #ARGV do left = left or ARGV[i] == nonce end
  if not left then return {0, lease} end
end
if number ~= tonumber(ARGV[5]) then redis.call('SET', KEYS[4], ARGV[5] .. ' ' .. ARGV[6]) end
redis.call('SET', KEYS[2], ARGV[3], 'NX')
local fence = redis.call('GET', KEYS[2]) .. ':' .. redis.call('INCR', KEYS[3]) .. ':' .. ARGV[4]
redis.call('SET', KEYS[1], fence .. ' ' .. ARGV[1], 'PX', ARGV[2])
return {1, fence}
`)

// renewScript prolongs the lease of a fence.
//
//	KEYS     the lease, the errands
//	ARGV     fence, time to live in ms
//	returns  1; 2 when errands wait besides; 0 when the fence has no lease
var renewScript = redis.NewScript(`
local lease = redis.call('GET', KEYS[1])
if not lease or string.match(lease, '^(%S+) ') ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('TYPE', KEYS[2])['ok'] == 'none' and 1 or 2
`)

// releaseScript ends the lease of a fence.
//
//	KEYS     the lease
//	ARGV     fence
//	returns  1; 0 when the fence has no lease
var releaseScript = redis.NewScript(`
local lease = redis.call('GET', KEYS[1])
if not lease or string.match(lease, '^(%S+) ') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`)

// copyScript appends entries to the copy of a stream, under the ids that they had.
//
//	KEYS[1]    the lease
//	KEYS[2]    the copy
//	ARGV[1]    the writer's fence
//	ARGV[2]    time to live of the copy in ms
//	ARGV[3]    the entries' field
//	ARGV[4..]  id and value of each
//	returns    "", or as applyScript
var copyScript = redis.NewScript(`
local lease = redis.call('GET', KEYS[1])
if not lease then return '-' end
if string.match(lease, '^(%S+) ') ~= ARGV[1] then return lease end
for i = 4, #ARGV, 2 do redis.call('XADD', KEYS[2], ARGV[i], ARGV[3], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return ''
`)

// replaceScript puts the copy in the place of the stream, where that ends as the copy does.
//
//	KEYS     the lease, the copy, the stream, the position
//	ARGV     fence, the id of the last entry
//	returns  "", or as applyScript; "moved" when the stream was appended to, or the copy is gone
var replaceScript = redis.NewScript(`
local lease = redis.call('GET', KEYS[1])
if not lease then return '-' end
if string.match(lease, '^(%S+) ') ~= ARGV[1] then return lease end
for i = 2, 3 do
  local last = redis.call('XREVRANGE', KEYS[i], '+', '-', 'COUNT', 1)[1]
  if not last or last[1] ~= ARGV[2] then return 'moved' end
end
redis.call('PERSIST', KEYS[2])
redis.call('RENAME', KEYS[2], KEYS[3])
redis.call('HINCRBY', KEYS[4], 'writes', 1)
redis.call('HSET', KEYS[4], 'last', '')
return ''
`)
