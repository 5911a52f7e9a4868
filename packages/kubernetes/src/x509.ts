// @peculiar/x509 finds its parts by decorator metadata and throws on import where nothing provides it.
import "reflect-metadata";

export * from "@peculiar/x509";
