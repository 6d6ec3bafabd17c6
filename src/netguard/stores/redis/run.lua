local held, values, rests = {}, {}, {} -- as it was, by place; as this call leaves it, by key, false for no value

local STEP = 1000 -- that many values fit on the stack
for first = 1, #KEYS, STEP do
    local found = redis.call('MGET', unpack(KEYS, first, min(first + STEP - 1, #KEYS)))
    for i = 1, #found do held[first + i - 1] = found[i] end
end

local function value_of(place, kind)
    local value = values[KEYS[place]]
    if value == nil then value = held[place] end
    return value and byte(value) == kind and value or nil -- what another kind left there means nothing
end

local index, at, undo = 0, 1, nil
local answer, told = {}, 0
local written, resets = {}, {} -- of one group

local function settle(count)
    undo = undo or undoing()
    for _ = 1, count do
        index = index + 1
        local key, kind, generation, value, rest = KEYS[index], byte(request, at), nil, nil, nil
        if kind == CLEAR then at = at + 1 else generation, at = unpack_at('<d', request, at + 1) end
        at, value, rest = undo[kind](value_of(index, kind), at, generation)
        values[key], rests[key] = value or false, rest or 0
    end
end

local function tell(left, wait, reset, generation)
    answer[told + 1], answer[told + 2], answer[told + 3], answer[told + 4] = left, wait, reset, generation
    told = told + 4
end

local function judged(count, writes)
    local ok, first = 1, told + 1
    told = first
    for i = 1, count do
        local kind, report = byte(request, at), false
        if kind >= REPORT then kind, report = kind - REPORT, true end
        local refused, left, wait, generation
        local value = value_of(index + i, kind)
        at, refused, left, wait, resets[i], written[i], generation = judge[kind](value, at + 1)
        if refused and not report then ok = 0 end
        tell(left, wait, resets[i], generation or now)
        if mended then
            if writes then values[KEYS[index + i]], rests[KEYS[index + i]] = mended, mended_rest end
            mended = nil
        end
    end
    answer[first] = ok
    for i = 1, writes and ok == 1 and count or 0 do
        local key = KEYS[index + i]
        if written[i] then values[key], rests[key] = written[i], resets[i] end
    end
    index = index + count
end

-- What most calls are made of, one `gcra` that passes, unrolled: a tenth of the whole call.
local function passed()
    local adds, most, step, after = unpack_at('<ddd', request, at + 2)
    local value, new = value_of(index + 1, GCRA), now + adds
    if value then new = max(now, (unpack_at('<d', value, 2))) + adds end
    local ahead = new - now
    if ahead > most then return false end
    index, at = index + 1, after
    local key = KEYS[index]
    values[key], rests[key] = pack('<Bd', GCRA, new), ahead
    answer[told + 1] = 1
    told = told + 1
    tell(floor((most - ahead) / step), 0, ahead, now)
    return true
end

while at <= #request do
    local mode, kind = byte(request, at, at + 1)
    if mode ~= SINGLE + TAKE or kind ~= GCRA or not passed() then
        local count = 1
        at = at + 1
        if mode >= SINGLE then mode = mode - SINGLE else count, at = unpack_at('<I4', request, at) end
        if mode == SETTLE then settle(count) else judged(count, mode == TAKE) end
    end
end

local spare = ARGV[2] and 3600000 or 2 -- milliseconds: a key goes by the server's time, which a test's does not follow
for key, rest in pairs(rests) do
    if values[key] and rest > 0 then
        redis.call('SET', key, values[key], 'PX', floor(rest / 1000) + spare)
    else
        redis.call('DEL', key)
    end
end

local parts = {}
for first = 1, told, STEP do
    local last = min(first + STEP - 1, told)
    parts[#parts + 1] = pack('<' .. string.rep('d', last - first + 1), unpack(answer, first, last))
end
return table.concat(parts)
