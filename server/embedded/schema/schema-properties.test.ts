import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '@/contract/json'
import { compileSchema } from './compiled-schema'

/** Values and schemas share a small alphabet, so that fields meet often. */
const fieldNames = fc.constantFrom('a', 'b', 'c', 'constructor')

const leaf: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({ type: fc.constant('string') }),
  fc.record({ type: fc.constant('string'), default: fc.constantFrom('x', '') }),
  fc.record({ type: fc.constant('integer'), default: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ type: fc.constant('boolean'), nullable: fc.boolean() }),
  fc.constant({ 'x-kubernetes-int-or-string': true }),
  fc.constant({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }),
)

const schemas: fc.Arbitrary<JsonObject> = fc.letrec<{ schema: JsonObject }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc
      .tuple(fc.dictionary(fieldNames, tie('schema'), { maxKeys: 3 }), fc.boolean())
      .map(([properties, hasDefault]) => ({ type: 'object', properties, ...(hasDefault ? { default: {} } : {}) })),
    tie('schema').map((items) => ({ type: 'array', items })),
    tie('schema').map((additionalProperties) => ({ type: 'object', additionalProperties })),
  ),
})).schema

/** A value that a schema accepts, with fields left out, nulls and fields that it does not know. */
function valuesOf(schema: JsonObject): fc.Arbitrary<unknown> {
  const nothing = schema['nullable'] === true ? [fc.constant(null)] : []
  const own = (): fc.Arbitrary<unknown> => {
    switch (schema['type']) {
      case 'string':
        return fc.constantFrom('x', 'yy', '')
      case 'integer':
        return fc.integer({ min: -3, max: 9 })
      case 'boolean':
        return fc.boolean()
      case 'array':
        return fc.array(valuesOf(schema['items'] as JsonObject), { maxLength: 3 })
      case 'object':
        return objectsOf(schema)
      default:
        return fc.oneof(fc.integer(), fc.constant('10%'))
    }
  }
  return fc.oneof(own(), ...nothing)
}

function objectsOf({ properties, additionalProperties }: JsonObject): fc.Arbitrary<JsonObject> {
  const others = fc.dictionary(fc.constantFrom('other', 'toString'), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 })
  if (additionalProperties)
    return fc.dictionary(fieldNames, valuesOf(additionalProperties as JsonObject), { maxKeys: 3 })
  if (!properties) return others
  const fields = Object.entries(properties as Record<string, JsonObject>).map(
    ([name, child]) => [name, valuesOf(child)] as const,
  )
  return fc
    .tuple(fc.record(Object.fromEntries(fields), { requiredKeys: [] }), others)
    .map(([known, unknown]) => ({ ...unknown, ...known }))
}

const cases = schemas.chain((schema) =>
  valuesOf(schema).map((spec) => ({
    compiled: compileSchema({ type: 'object', properties: { spec: schema } }),
    // As it would have been read from a request.
    object: JSON.parse(
      JSON.stringify({ apiVersion: 'a/v1', kind: 'A', metadata: { name: 'x', odd: 1 }, spec }),
    ) as JsonObject,
  })),
)

const copy = (value: JsonObject): JsonObject => structuredClone(value)

describe('for any structural schema and any value it accepts', () => {
  test('pruning twice is pruning once, and keeps the object valid', () => {
    fc.assert(
      fc.property(cases, ({ compiled, object }) => {
        compiled.prune(object)
        const once = copy(object)
        const unknown: string[] = []
        compiled.prune(object, unknown)
        expect(object).toEqual(once)
        expect(unknown).toEqual([])
        expect(compiled.validate(object)).toEqual([])
      }),
    )
  })

  test('filling in defaults twice is doing it once, and keeps the object valid and pruned', () => {
    fc.assert(
      fc.property(cases, ({ compiled, object }) => {
        compiled.prune(object)
        compiled.fillDefaults(object)
        const once = copy(object)
        compiled.fillDefaults(object)
        expect(object).toEqual(once)
        const unknown: string[] = []
        compiled.prune(object, unknown)
        expect(unknown).toEqual([])
        expect(compiled.validate(object)).toEqual([])
      }),
    )
  })

  test('what did not change is never held against an update', () => {
    fc.assert(
      fc.property(cases, schemas, ({ object }, other) => {
        const compiled = compileSchema({ type: 'object', properties: { spec: other } })
        expect(compiled.validate(object, copy(object))).toEqual([])
      }),
    )
  })

  test('metadata is not the schema’s to prune', () => {
    fc.assert(
      fc.property(cases, ({ compiled, object }) => {
        compiled.prune(object)
        expect(object['metadata']).toEqual({ name: 'x', odd: 1 })
      }),
    )
  })
})

test('any JSON against any schema gives errors, never an exception', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (schema, value) => {
      const compiled = compileSchema({ type: 'object', properties: { spec: schema } })
      const object = { apiVersion: 'a/v1', kind: 'A', metadata: {}, spec: value }
      compiled.prune(object)
      compiled.fillDefaults(object)
      expect(Array.isArray(compiled.validate(object))).toBe(true)
    }),
  )
})

describe('hostile schemas', () => {
  test('nesting beyond what a request can bring is refused', () => {
    let schema: JsonObject = { type: 'string' }
    for (let depth = 0; depth < 5000; depth++) schema = { type: 'array', items: schema }
    expect(() => compileSchema(schema)).toThrow('nested deeper than')
  })

  test('an object with many errors gets as many as one reads', () => {
    const compiled = compileSchema({
      type: 'object',
      properties: { spec: { type: 'array', items: { type: 'string' } } },
    })
    expect(compiled.validate({ spec: Array.from({ length: 100_000 }, () => 1) }).length).toBeLessThan(200)
  })

  test('slow rules on many entries together end in half a second', () => {
    const compiled = compileSchema({
      type: 'object',
      properties: {
        spec: {
          type: 'array',
          items: {
            type: 'array',
            items: { type: 'integer' },
            'x-kubernetes-validations': [{ rule: 'self.all(a, self.all(b, self.all(c, a + b + c >= 0)))' }],
          },
        },
      },
    })
    const spec = Array.from({ length: 100 }, () => Array.from({ length: 200 }, (_, index) => index))
    const started = performance.now()
    const errors = compiled.validate({ spec })
    expect(performance.now() - started).toBeLessThan(3000)
    expect(errors.at(-1)?.detail).toContain('validation failed due to running out of cost budget')
  })
})
