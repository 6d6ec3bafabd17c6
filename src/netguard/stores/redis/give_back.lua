-- Made where a group settles, for most calls only take. Each of these reads an operation's own fields at that place of
-- the request. It returns where the next one begins, the value without the step of that generation (nil for no value),
-- and how long it is kept.
local function undoing()
    local function gcra(value, at, generation)
        local adds, _, _, after = unpack_at('<ddd', request, at)
        if not value then return after end
        local tat = unpack_at('<d', value, 2) - max(0, min(adds, generation + adds - now))
        return after, pack('<Bd', GCRA, tat), tat - now
    end

    local function log(value, at, generation)
        local _, period, cost, after = unpack_at('<ddd', request, at)
        local kept, given = {}, pack('<d', generation)
        for from = 2, value and #value or 1, 8 do
            local stamp = sub(value, from, from + 7)
            if cost > 0 and stamp == given then cost = cost - 1 else kept[#kept + 1] = stamp end
        end
        if #kept == 0 then return after end
        return after, pack('<B', LOG) .. table.concat(kept), unpack_at('<d', kept[#kept]) + period - now
    end

    local function distinct(value, at, generation)
        local _, period, member, after = unpack_at('<ddBc0', request, at)
        local kept, newest, from = {}, 0, 2
        while value and from <= #value do
            local name, stamp, again, next_from = unpack_at('<Bc0dB', value, from)
            if name ~= member or stamp ~= generation or again == 1 then
                kept[#kept + 1], newest = sub(value, from, next_from - 1), max(newest, stamp)
            end
            from = next_from
        end
        if #kept == 0 then return after end
        return after, pack('<B', DISTINCT) .. table.concat(kept), newest + period - now
    end

    local function tries(value, at, generation)
        local count, _, periods, after = windows_asked(at)
        local windows, any = windows_of(value, count), false
        for i = 1, windows and count or 0 do
            local window = windows[i]
            if window[1] <= generation and window[2] > 0 then window[2], window[3] = window[2] - 1, 0 end
            any = any or window[2] > 0
        end
        if not any then return after end
        return after, windows_value(windows, periods)
    end

    local function streak(value, at)
        local _, _, after = unpack_at('<dd', request, at)
        if not value then return after end
        local ends, taken = unpack_at('<dd', value, 2)
        if taken <= 1 then return after end
        return after, pack('<Bdd', STREAK, ends, taken - 1), ends - now
    end

    local function clear(_, at) return at end

    -- What stands where the others have their generation is how long it is kept.
    local function revoke(value, at, keep)
        local issued, after = unpack_at('<d', request, at)
        if value then
            local ends, before = unpack_at('<dd', value, 2)
            if ends > now then issued = max(issued, before) end
        end
        return after, pack('<Bdd', REVOCATION, now + keep, issued), keep
    end

    return {gcra, log, distinct, tries, streak, clear, revoke} -- by kind
end
