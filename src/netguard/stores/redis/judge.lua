-- Judges and writes any number of groups of operations; what each does is netguard.counters, in the same numbers.
-- KEYS: one for each operation, in order, all in one slot on a cluster. ARGV[1]: the groups, as wire.py packs them.
-- ARGV[2]: the time in microseconds, in tests only; else the server's own.
-- A group is TAKE (judge all, write if none refuses), PEEK (judge) or SETTLE (undo each by itself), and SINGLE where it
-- is one operation, else their number follows. The answer holds for each TAKE and PEEK a 1 where none refuses, and for
-- each of its operations (left, wait, reset, generation), as doubles.
-- A value is a byte, the kind of operation, and doubles: exact for whole numbers up to 2^53, on every platform.

local TAKE, SETTLE, SINGLE = 0, 2, 4
local GCRA, LOG, DISTINCT, WINDOWS, STREAK, CLEAR, REVOCATION = 1, 2, 3, 4, 5, 6, 7
local REPORT = 128

local pack, unpack_at, byte, sub = struct.pack, struct.unpack, string.byte, string.sub
local max, min, floor = math.max, math.min, math.floor
local request = ARGV[1]
local now = tonumber(ARGV[2])
if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000000 + time[2]
end

-- What a refused operation leaves in place of its value, and how long; only where the clock went back.
local mended, mended_rest

local function mend(value, rest) mended, mended_rest = value, rest end

-- Each of these reads an operation's own fields at that place of the request. It returns where the next one begins,
-- whether this one is refused, what is left, the wait, the reset (until all is as at first, so also how long the value
-- is kept), the value to write, and the generation where it is not the time.
local function gcra(value, at)
    local adds, most, step, after = unpack_at('<ddd', request, at)
    local base = now
    if value then base = max(now, (unpack_at('<d', value, 2))) end
    if base > now + most then
        base = now + most
        mend(pack('<Bd', GCRA, base), most)
    end
    local new = base + adds
    local room = most - new + now
    if room < 0 then return after, true, max(0, floor((room + adds) / step)), -room, base - now end
    return after, false, floor(room / step), 0, new - now, pack('<Bd', GCRA, new)
end

local function not_after_now(stamps)
    local parts = {sub(stamps, 1, 1)}
    for at = 2, #stamps, 8 do parts[#parts + 1] = pack('<d', min(now, (unpack_at('<d', stamps, at)))) end
    return table.concat(parts)
end

local function log(value, at)
    local limit, period, cost, after = unpack_at('<ddd', request, at)
    local first, stop = 2, value and #value or 1
    local late = stop > 1 and unpack_at('<d', value, stop - 7) > now
    if late then value = not_after_now(value) end
    while first <= stop and unpack_at('<d', value, first) <= now - period do first = first + 8 end
    local count = (stop - first + 1) / 8
    local over = count + cost - limit
    if over > 0 then
        local wait = unpack_at('<d', value, first + 8 * (over - 1)) + period - now
        local rest = unpack_at('<d', value, stop - 7) + period - now
        if late then mend(value, rest) end
        return after, true, limit - count, wait, rest
    end
    local live = value and sub(value, first) or ''
    return after, false, -over, 0, period, pack('<B', LOG) .. live .. string.rep(pack('<d', now), cost)
end

local function distinct(value, at)
    local limit, period, member, after = unpack_at('<ddBc0', request, at)
    local live, again, oldest, newest, from, late = {}, 0, math.huge, 0, 2, false
    while value and from <= #value do
        local name, stamp, twice, next_from = unpack_at('<Bc0dB', value, from)
        if stamp > now then
            late, stamp = true, now
            value = sub(value, 1, from - 1) .. pack('<Bc0dB', #name, name, now, twice) .. sub(value, next_from)
        end
        if stamp > now - period then
            oldest, newest = min(oldest, stamp), max(newest, stamp)
            if name == member then again = 1 else live[#live + 1] = sub(value, from, next_from - 1) end
        end
        from = next_from
    end
    if again == 0 and #live >= limit then
        if late then mend(value, newest + period - now) end
        return after, true, 0, oldest + period - now, newest + period - now
    end
    live[#live + 1] = pack('<Bc0dB', #member, member, now, again)
    return after, false, limit - #live, 0, period, pack('<B', DISTINCT) .. table.concat(live), again == 1 and -1
end

-- The start, what is taken and the lock's end of each window; nil where the value has other windows.
local function windows_of(value, count)
    if not value or #value ~= 1 + 24 * count then return nil end
    local windows = {}
    for i = 1, count do windows[i] = {unpack_at('<ddd', value, 24 * i - 22)} end
    return windows
end

-- The same where none began later than now, and no lock lasts longer than from now on; and whether the clock went back.
local function timely(windows, periods)
    local late = false
    for i, window in ipairs(windows) do
        late = late or window[1] > now or window[3] > now + periods[i]
        window[1], window[3] = min(window[1], now), min(window[3], now + periods[i])
    end
    return windows, late
end

local function windows_value(windows, periods)
    local parts, ends = {pack('<B', WINDOWS)}, 0
    for i, window in ipairs(windows) do
        ends = max(ends, window[3], window[1] + periods[i])
        parts[i + 1] = pack('<ddd', window[1], window[2], window[3])
    end
    return table.concat(parts), ends - now
end

local function windows_asked(at)
    local count, limits, periods = byte(request, at), {}, {}
    at = at + 1
    for i = 1, count do limits[i], periods[i], at = unpack_at('<dd', request, at) end
    return count, limits, periods, at
end

local function tries(value, at)
    local count, limits, periods, after = windows_asked(at)
    local windows, late = timely(windows_of(value, count) or {}, periods)
    local locked, left = 0, math.huge
    for _, window in ipairs(windows) do locked = max(locked, window[3]) end
    if locked > now then
        if late then mend(windows_value(windows, periods)) end
        return after, true, 0, locked - now, locked - now
    end
    for i = 1, count do
        local window = windows[i]
        -- A lock that is over ends its window too.
        if not window or window[2] == 0 or window[3] > 0 or window[1] + periods[i] <= now then window = {now, 0, 0} end
        window[2] = window[2] + 1
        if window[2] >= limits[i] then window[3] = now + periods[i] end
        windows[i], left = window, min(left, limits[i] - window[2])
    end
    local written, rest = windows_value(windows, periods)
    return after, false, left, 0, rest, written
end

local function streak(value, at)
    local limit, keep, after = unpack_at('<dd', request, at)
    local ends, taken = now, 0
    if value then ends, taken = unpack_at('<dd', value, 2) end
    if ends <= now then taken = 0 end
    if taken >= limit then
        if ends > now + keep then
            ends = now + keep
            mend(pack('<Bdd', STREAK, ends, taken), keep)
        end
        return after, true, 0, ends - now, ends - now
    end
    return after, false, limit - taken - 1, 0, keep, pack('<Bdd', STREAK, now + keep, taken + 1)
end

local function revocation(value, at)
    local issued, after = unpack_at('<d', request, at)
    local ends, revoked = 0, 0
    if value then ends, revoked = unpack_at('<dd', value, 2) end
    if ends <= now or revoked < issued then return after, false, 1, 0, 0, nil, -1 end
    return after, true, 0, ends - now, ends - now, nil, -1
end

local judge = {gcra, log, distinct, tries, streak, nil, revocation} -- by kind
