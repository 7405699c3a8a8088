import { expect, test } from 'vitest'
import { evaluateJsonPath, JsonPathError, parseJsonPath } from './json-path'

const object = {
  metadata: { annotations: { 'a.b/c': 'x' } },
  status: {
    conditions: [
      { type: 'Ready', status: 'True', weight: 3 },
      { type: 'Paused', status: 'False' },
    ],
    interfaces: [{ ipAddress: '10.0.0.1' }, { ipAddress: '10.0.0.2' }],
  },
}

test.each([
  ['.status.interfaces[0].ipAddress', ['10.0.0.1']],
  ['.status.interfaces[-1].ipAddress', ['10.0.0.2']],
  ['.status.interfaces[*].ipAddress', ['10.0.0.1', '10.0.0.2']],
  [`.status.conditions[?(@.type=='Ready')].status`, ['True']],
  ['{.status.conditions[?(@.type == "Paused")].status}', ['False']],
  ['.status.conditions[?(@.weight>2)].type', ['Ready']],
  ['.status.conditions[?(@.weight)].type', ['Ready']],
  ['.status.conditions[?(@.type!="Ready")].type', ['Paused']],
  [".metadata.annotations['a.b/c']", ['x']],
  ['.metadata.annotations.a\\.b/c', ['x']],
  ['.missing.deep', []],
  ['.status.conditions[7]', []],
  ['$.status.interfaces[1].ipAddress', ['10.0.0.2']],
])('%s', (path, values) => {
  expect(evaluateJsonPath(parseJsonPath(path), object)).toEqual(values)
})

test.each(['.a[', '.a[x]', '.a[?(@.b~c)]'])('%s is refused', (path) => {
  expect(() => parseJsonPath(path)).toThrow(JsonPathError)
})
