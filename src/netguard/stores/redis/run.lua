local held = redis.call('MGET', unpack(KEYS))
local values, rests = {}, {} -- by key, as this call leaves them; false for no value
for i, key in ipairs(KEYS) do values[key] = held[i] end

local function value_of(key, kind)
    local value = values[key]
    return value and byte(value) == kind and value or nil -- what another kind left there means nothing
end

local index, at, answer = 0, 1, {}

local function settle(count)
    for _ = 1, count do
        index = index + 1
        local key, kind, generation, value, rest = KEYS[index], byte(request, at), nil, nil, nil
        if kind == CLEAR then at = at + 1 else generation, at = unpack_at('<d', request, at + 1) end
        at, value, rest = returned[kind](value_of(key, kind), at, generation)
        values[key], rests[key] = value or false, rest or 0
    end
end

local function judged(count, writes)
    local ok, told, found = 1, {}, {}
    for i = 1, count do
        local kind, report = byte(request, at), false
        if kind >= REPORT then kind, report = kind - REPORT, true end
        local refused, left, wait, reset, value, generation
        at, refused, left, wait, reset, value, generation = judge[kind](value_of(KEYS[index + i], kind), at + 1)
        if refused and not report then ok = 0 end
        told[i] = pack('<dddd', left, wait, reset, generation or now)
        found[i] = {value, reset}
    end
    if writes and ok == 1 then
        for i = 1, count do
            local key = KEYS[index + i]
            if found[i][1] then values[key], rests[key] = found[i][1], found[i][2] end
        end
    end
    index = index + count
    answer[#answer + 1] = pack('<B', ok) .. table.concat(told)
end

while at <= #request do
    local mode, count = byte(request, at, at + 1)
    at = at + 2
    if mode == SETTLE then settle(count) else judged(count, mode == TAKE) end
end

for key, rest in pairs(rests) do
    if values[key] and rest > 0 then
        redis.call('SET', key, values[key], 'PX', floor(rest / 1000) + 2)
    else
        redis.call('DEL', key)
    end
end
return table.concat(answer)
