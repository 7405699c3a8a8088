/**
 * The longest life of a token in seconds, a year: who asks for more gets this, as with kube-apiserver's
 * `--service-account-max-token-expiration`. It is how long a replaced key has to be kept.
 */
export const longestLifetime = 365 * 24 * 60 * 60
