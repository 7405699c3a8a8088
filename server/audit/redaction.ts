/** Stands for what must not be kept. */
export const redacted = '[hidden]'

/** Names of fields whose text is a secret; the names of Secrets (`secretName`, `secretRef`) are none. */
const secretField =
  /(?:passwords?|passwd|passphrase|chpasswd|privatekey|apikey|accesskey|accesskeyid|secretkey|secretaccesskey|clientsecret|credentials?|tokens?|userdata|userdatabase64|networkdata|networkdatabase64|authorization|cookie)$/

/** Whether a field's name says that its value is a secret. */
export function isSecretField(name: string): boolean {
  return secretField.test(name.toLowerCase().replace(/[^a-z0-9]/g, ''))
}

/** A private key, a JSON web token, a header with credentials, an address with a password in it. */
const secretText =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|\b(?:Bearer|Basic) +[\w.~+/=-]{8,}|:\/\/[^\s/:@]+:[^\s/@]+@|^#cloud-config/

/** Whether a text looks like a secret, whatever its field is called. */
export function looksSecret(text: string): boolean {
  return secretText.test(text)
}
