import { describe, expect, test } from 'vitest'
import { dynamicValue } from './cel-value'
import { CompileError, compileExpression } from './expression'

function evaluate(source: string, self: unknown = null): unknown {
  const outcome = compileExpression(source, ['self']).evaluate({ self: dynamicValue(self) }, 100)
  return 'value' in outcome ? outcome.value : outcome
}

describe('Kubernetes’ functions in rules', () => {
  test.each<[string, unknown]>([
    ["ip('10.0.0.1').family() == 4 && isIP('::1') && !isIP('10.0.0.01')", true],
    ["ip('2001:DB8::1') == ip('2001:db8:0::1') && !ip.isCanonical('2001:DB8::1')", true],
    ["cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsIP(ip('11.0.0.1'))", true],
    ["cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')", true],
    ["cidr('fd00::1/64').prefixLength() == 64 && string(cidr('10.0.0.1/24').ip()) == '10.0.0.1'", true],
    ["isCIDR('10.0.0.0/33')", false],
    ["quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('1500m').asApproximateFloat() == 1.5", true],
    ["quantity('1k').add(5).asInteger() == 1005 && quantity('1').compareTo(quantity('1000m')) == 0", true],
    ["url('https://a.b:8443/x?y=1&y=2').getHost() == 'a.b:8443' && isURL('/x') && !isURL('x')", true],
    ["url('https://[::1]:80/').getHostname()", '::1'],
    ["semver('1.10.0').isGreaterThan(semver('1.9.9')) && isSemver('v1', true) && !isSemver('v1')", true],
    ["[1, 2, 2].isSorted() && [3, 1].min() == 1 && [1, 2].sum() == 3 && ['a', 'b'].indexOf('b') == 1", true],
    ["'abc-12'.find('[0-9]+') == '12' && 'a1b2'.findAll('[0-9]') == ['1', '2'] && 'Abc'.matches('(?i)^a')", true],
    ["'%s has %d of %.2f (%x)'.format(['a', 2, 1.5, 255])", 'a has 2 of 1.50 (ff)'],
    ["'a-b-c'.replace('-', '', 1) == 'ab-c' && 'abc'.charAt(1) == 'b' && 'a,b'.split(',').join('+') == 'a+b'", true],
    ["format.dns1123Label().validate('a_b').hasValue() && !format.qualifiedName().validate('a.b/c').hasValue()", true],
    ['sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])', true],
    ["[1, 2].all(i, v, v == i + 1) && {'a': 1}.exists(k, v, k == 'a' && v == 1)", true],
    ['[1, 2, 3].transformList(i, v, i > 0, v * 2) == [4, 6]', true],
    ["duration('90s').getMinutes() == 1 && timestamp('2024-01-01T00:00:00Z').getFullYear() == 2024", true],
    ["cel.bind(x, 'a' + 'b', x + x)", 'abab'],
  ])('%s', (source, value) => {
    expect(evaluate(source)).toEqual(value)
  })

  test('whole numbers are int, others double', () => {
    expect(evaluate('type(self.a) == int && type(self.b) == double && self.a + 1 == 2', { a: 1, b: 1.5 })).toBe(true)
  })

  test('objects are equal whatever the order of their fields', () => {
    expect(evaluate('self.a == self.b', { a: { x: 1, y: 'z' }, b: { y: 'z', x: 1 } })).toBe(true)
  })

  test.each<[string, unknown, string]>([
    ['self.nothing', {}, 'no such key: nothing'],
    ['self[3] == 1', [1], 'index out of bounds: 3'],
    ['1 / self == 1', 0, 'division by zero'],
    ['self > 3', 'x', 'no such overload'],
    ['9223372036854775807 + self > 0', 1, 'integer overflow: 9223372036854775808'],
  ])('%s on %j is an error', (source, self, error) => {
    expect(evaluate(source, self)).toEqual({ error, slow: false })
  })

  test.each<[string, RegExp]>([
    ['selv.x', /^ERROR: <input>:1:1: undeclared reference to 'selv' \(in container ''\)\n \| selv\.x\n \| \^$/],
    ['self.x +', /^ERROR: <input>:1:9: Syntax error: unexpected 'EOF'/],
    ['nosuch(1)', /found no matching overload for 'nosuch\(int\)'/],
  ])('%s does not compile', (source, words) => {
    expect(() => compileExpression(source, ['self'])).toThrow(CompileError)
    expect(() => compileExpression(source, ['self'])).toThrow(words)
  })
})

describe('hostile rules', () => {
  test.each<[string, unknown]>([
    [
      'self.all(a, self.all(b, self.all(c, self.all(d, a + b + c + d >= 0))))',
      Array.from({ length: 300 }, (_, i) => i),
    ],
    ["self.matches('^(a+)+$')", `${'a'.repeat(40)}b`],
  ])('%s ends by itself', (source, self) => {
    const started = performance.now()
    const outcome = compileExpression(source, ['self']).evaluate({ self: dynamicValue(self) }, 300)
    expect(outcome).toEqual({ error: 'operation cancelled: actual cost limit exceeded', slow: true })
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
