/* SPDX-License-Identifier: MIT */

/*
 * The server of tokens that a registry with `auth: token` sends its clients to
 *
 * The user "me" with the password "secret" gets what it asks for, anybody else may pull.
 * Source: the distribution project, docs/spec/auth/{token,jwt}.md.
 *
 * Usage: token_server PORT CERT KEY LIFE_S
 */

#include <err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "serve.h"
#include "util/alloc.h"
#include "util/base64.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define ISSUER "carte-test"
#define SERVICE "registry"
#define BASIC_OF_ME "Basic bWU6c2VjcmV0"

static struct {
    char *cert; /* DER in base64 */
    EVP_PKEY *key;
    int life_s;
} self;

static void add_url_base64(struct text *out, const void *data, size_t length)
{
    AUTO_FREE char *encoded = base64_encode(data, length);

    for (char *p = encoded; *p && *p != '='; p++)
        text_add_char(out, (char)(*p == '+' ? '-' : *p == '/' ? '_' : *p));
}

/* "repository:a/b:pull,push" as JSON, or "" for what is none. */
static void add_access(struct text *out, const char *scope, bool may_push)
{
    char type[32], name[256], actions[64];

    if (sscanf(scope, "%31[^:]:%255[^:]:%63s", type, name, actions) != 3)
        return;
    text_add_format(out, "%s{\"type\":\"%s\",\"name\":\"%s\",\"actions\":[\"pull\"%s]}",
                    out->length > 0 ? "," : "", type, name,
                    may_push && strstr(actions, "push") ? ",\"push\"" : "");
}

/* The parameters of the query by that name, decoded as far as scopes need it. */
static void add_scopes(struct text *out, const char *path, bool may_push)
{
    for (const char *p = strstr(path, "scope="); p; p = strstr(p + 1, "scope=")) {
        AUTO_TEXT struct text scope = { 0 };

        for (const char *c = p + strlen("scope="); *c && *c != '&'; c++) {
            unsigned int byte = (unsigned char)*c;

            if (*c == '%' && sscanf(c + 1, "%2x", &byte) == 1)
                c += 2;
            text_add_char(&scope, (char)byte);
        }
        add_access(out, text_get(&scope), may_push);
    }
}

static void sign(struct text *token)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[1024];
    size_t length = sizeof(signature);

    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, self.key) != 1 ||
        EVP_DigestSign(context, signature, &length, (const unsigned char *)token->data,
                       token->length) != 1)
        errx(1, "sign");
    EVP_MD_CTX_free(context);
    text_add_char(token, '.');
    add_url_base64(token, signature, length);
}

static void answer(struct serve_connection *connection, const struct serve_request *request)
{
    AUTO_TEXT struct text access = { 0 };
    AUTO_TEXT struct text claims = { 0 };
    AUTO_TEXT struct text token = { 0 };
    AUTO_FREE char *head =
        alloc_format("{\"typ\":\"JWT\",\"alg\":\"RS256\",\"x5c\":[\"%s\"]}", self.cert);
    AUTO_FREE char *body = NULL;
    bool is_me = strcmp(request->authorization, BASIC_OF_ME) == 0;
    long now = (long)time(NULL);

    if (request->authorization[0] && !is_me) {
        serve_answer(connection, 401, "", "{}", 2);
        return;
    }
    add_scopes(&access, request->path, is_me);
    text_add_format(&claims,
                    "{\"iss\":\"" ISSUER "\",\"sub\":\"me\",\"aud\":\"" SERVICE "\",\"exp\":%ld,"
                    "\"nbf\":%ld,\"iat\":%ld,\"jti\":\"%ld\",\"access\":[%s]}",
                    now + self.life_s, now - 10, now, now, text_get(&access));
    add_url_base64(&token, head, strlen(head));
    text_add_char(&token, '.');
    add_url_base64(&token, claims.data, claims.length);
    sign(&token);
    body = alloc_format("{\"token\":\"%s\",\"expires_in\":300}", text_get(&token));
    serve_answer(connection, 200, "Content-Type: application/json\r\n", body, strlen(body));
}

static void load(const char *cert, const char *key)
{
    FILE *file = fopen(cert, "re");
    X509 *x509 = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    unsigned char *der = NULL;
    int length = x509 ? i2d_X509(x509, &der) : -1;

    if (length < 0)
        errx(1, "certificate '%s'", cert);
    self.cert = base64_encode(der, (size_t)length);
    OPENSSL_free(der);
    X509_free(x509);
    fclose(file);
    file = fopen(key, "re");
    self.key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (!self.key)
        errx(1, "key '%s'", key);
    fclose(file);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        errx(64, "usage: token_server PORT CERT KEY LIFE_S");
    load(argv[2], argv[3]);
    self.life_s = atoi(argv[4]);
    serve_start(atoi(argv[1]), NULL, NULL, answer);
    for (;;)
        pause();
}
