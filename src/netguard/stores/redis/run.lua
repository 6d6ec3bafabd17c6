local held = redis.call('MGET', unpack(KEYS))
local values, rests = {}, {} -- by key, as this call leaves them; false for no value
for i, key in ipairs(KEYS) do values[key] = held[i] end

local function value_of(key, kind)
    local value = values[key]
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
        at, value, rest = undo[kind](value_of(key, kind), at, generation)
        values[key], rests[key] = value or false, rest or 0
    end
end

local function judged(count, writes)
    local ok, place = true, told + 1
    answer[place] = '\1'
    for i = 1, count do
        local kind, report = byte(request, at), false
        if kind >= REPORT then kind, report = kind - REPORT, true end
        local refused, left, wait, generation
        local value = value_of(KEYS[index + i], kind)
        at, refused, left, wait, resets[i], written[i], generation = judge[kind](value, at + 1)
        if refused and not report then ok, answer[place] = false, '\0' end
        answer[place + i] = pack('<dddd', left, wait, resets[i], generation or now)
    end
    if writes and ok then
        for i = 1, count do
            local key = KEYS[index + i]
            if written[i] then values[key], rests[key] = written[i], resets[i] end
        end
    end
    index, told = index + count, place + count
end

while at <= #request do
    local mode, count = byte(request, at, at + 1)
    at = at + 2
    if mode == SETTLE then settle(count) else judged(count, mode == TAKE) end
end

local spare = ARGV[2] and 3600000 or 2 -- milliseconds: a key goes by the server's time, which a test's does not follow
for key, rest in pairs(rests) do
    if values[key] and rest > 0 then
        redis.call('SET', key, values[key], 'PX', floor(rest / 1000) + spare)
    else
        redis.call('DEL', key)
    end
end
return table.concat(answer)
