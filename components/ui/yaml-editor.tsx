'use client'

import type { editor } from 'monaco-editor/esm/vs/editor/editor.api.js'
import type { JSONSchema } from 'monaco-yaml'
import { useEffect, useRef, useState } from 'react'
import { useDarkTheme } from './use-dark-theme'
import { LoadingView } from './views'
import styles from './yaml-editor.module.css'
import type * as YamlMonaco from './yaml-editor-monaco'

type Monaco = typeof YamlMonaco

export interface YamlEditorProps {
  /** Names the editor for assistive technology. */
  label: string
  value: string
  onChange?: (value: string) => void
  readOnly: boolean
  /** JSON schema of the document, for completion, hover and checks. */
  schema?: JSONSchema | undefined
}

const options: editor.IStandaloneEditorConstructionOptions = {
  automaticLayout: true,
  minimap: { enabled: false },
  scrollBeyondLastLine: false,
  tabSize: 2,
  insertSpaces: true,
  fontFamily: "'Red Hat Mono', 'DejaVu Sans Mono', 'Liberation Mono', monospace",
  fontSize: 13,
  fixedOverflowWidgets: true,
  // Tab leaves the editor (Ctrl+M switches), so that the keyboard is never caught in it.
  tabFocusMode: true,
  stickyScroll: { enabled: false },
  wordWrap: 'on',
}

let documents = 0

/** A YAML editor by Monaco, which is loaded only here. Its colours follow the page. */
export function YamlEditor({ label, value, onChange, readOnly, schema }: YamlEditorProps) {
  const target = useRef<HTMLDivElement>(null)
  const instance = useRef<editor.IStandaloneCodeEditor | undefined>(undefined)
  const latest = useRef({ value, onChange })
  const { monaco, error } = useMonaco()
  const dark = useDarkTheme()
  useEffect(() => {
    latest.current = { value, onChange }
  })

  useEffect(() => {
    if (!monaco || !target.current) return
    documents += 1
    const file = `document-${documents}.yaml`
    const model = monaco.monaco.editor.createModel(
      latest.current.value,
      'yaml',
      monaco.monaco.Uri.parse(`inmemory://model/${file}`),
    )
    const created = monaco.monaco.editor.create(target.current, { ...options, model, readOnly, ariaLabel: label })
    instance.current = created
    const listener = created.onDidChangeModelContent(() => {
      const text = created.getValue()
      if (text !== latest.current.value) latest.current.onChange?.(text)
    })
    void monaco.setYamlSchema(file, schema)
    return () => {
      instance.current = undefined
      listener.dispose()
      created.dispose()
      model.dispose()
    }
  }, [monaco, label, readOnly, schema])

  useEffect(() => {
    const editing = instance.current
    if (editing && editing.getValue() !== value) editing.setValue(value)
  }, [value])
  useEffect(() => monaco?.setEditorTheme(dark), [monaco, dark])

  if (error) return <PlainEditor label={label} value={value} onChange={onChange} readOnly={readOnly} />
  return (
    <>
      {!monaco && <LoadingView lines={8} />}
      <div ref={target} className={styles['editor']} data-testid="yaml-editor" hidden={!monaco} />
    </>
  )
}

export interface YamlDiffProps {
  label: string
  before: string
  after: string
}

/** Two YAML texts side by side, or one below the other where the page is narrow. Read only. */
export function YamlDiff({ label, before, after }: YamlDiffProps) {
  const target = useRef<HTMLDivElement>(null)
  const { monaco, error } = useMonaco()
  const dark = useDarkTheme()

  useEffect(() => {
    if (!monaco || !target.current) return
    const original = monaco.monaco.editor.createModel(before, 'yaml')
    const modified = monaco.monaco.editor.createModel(after, 'yaml')
    const created = monaco.monaco.editor.createDiffEditor(target.current, {
      ...options,
      readOnly: true,
      originalEditable: false,
      useInlineViewWhenSpaceIsLimited: true,
      renderSideBySide: true,
      hideUnchangedRegions: { enabled: true },
      originalAriaLabel: label,
      modifiedAriaLabel: label,
    })
    const listener = created.onDidUpdateDiff(() => created.revealFirstDiff())
    created.setModel({ original, modified })
    return () => {
      listener.dispose()
      created.dispose()
      original.dispose()
      modified.dispose()
    }
  }, [monaco, before, after, label])
  useEffect(() => monaco?.setEditorTheme(dark), [monaco, dark])

  if (error) return <PlainEditor label={label} value={after} readOnly />
  return (
    <>
      {!monaco && <LoadingView lines={8} />}
      <div ref={target} className={styles['editor']} data-testid="yaml-diff" hidden={!monaco} />
    </>
  )
}

/** Without Monaco (an old browser, a lost connection) one can still read and edit. */
function PlainEditor({
  label,
  value,
  onChange,
  readOnly,
}: Omit<YamlEditorProps, 'onChange' | 'schema'> & { onChange?: YamlEditorProps['onChange'] | undefined }) {
  return (
    <textarea
      className={styles['plain']}
      aria-label={label}
      value={value}
      readOnly={readOnly}
      spellCheck={false}
      onChange={(event) => onChange?.(event.target.value)}
    />
  )
}

function useMonaco(): { monaco?: Monaco; error?: unknown } {
  const [state, setState] = useState<{ monaco?: Monaco; error?: unknown }>({})
  useEffect(() => {
    let gone = false
    import('./yaml-editor-monaco').then(
      (monaco) => !gone && setState({ monaco }),
      (error: unknown) => !gone && setState({ error }),
    )
    return () => {
      gone = true
    }
  }, [])
  return state
}
