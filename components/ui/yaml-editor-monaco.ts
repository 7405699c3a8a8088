import 'monaco-editor/esm/vs/editor/edcore.main.js'
import 'monaco-editor/esm/vs/basic-languages/yaml/yaml.contribution.js'
import * as monaco from 'monaco-editor/esm/vs/editor/editor.api.js'
import { configureMonacoYaml, type JSONSchema, type MonacoYaml } from 'monaco-yaml'

/** The one Monaco of the tab; it cannot be loaded twice and is loaded only when an editor is shown. */
export { monaco }

// Monaco finds its workers through this global only.
window.MonacoEnvironment = {
  getWorker(_moduleId, label) {
    return label === 'yaml'
      ? new Worker(new URL('./yaml-editor-language-worker.ts', import.meta.url), { type: 'module' })
      : new Worker(new URL('./yaml-editor-worker.ts', import.meta.url), { type: 'module' })
  },
}

const yaml: MonacoYaml = configureMonacoYaml(monaco, {
  enableSchemaRequest: false,
  isKubernetes: false,
  format: { enable: false },
  schemas: [],
})

/** Checks and completes the text of these files by a schema; undefined: only as YAML. */
export async function setYamlSchema(file: string, schema: JSONSchema | undefined): Promise<void> {
  await yaml.update({
    enableSchemaRequest: false,
    format: { enable: false },
    schemas: schema ? [{ uri: `inmemory://schema/${file}`, fileMatch: [`**/${file}`], schema }] : [],
  })
}

/** The colours of all editors at once; Monaco has one theme per page. */
export function setEditorTheme(dark: boolean): void {
  monaco.editor.setTheme(dark ? 'vs-dark' : 'vs')
}
