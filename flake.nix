# The package, a shell to work in, and the checks, for people who use Nix. Not run by .ci/run: it needs a Nix
# installation with network access to nixpkgs.
{
  description = "gx, a hermetic build engine";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      each = f: nixpkgs.lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
      package =
        pkgs:
        pkgs.rustPlatform.buildRustPackage {
          pname = "gx";
          version = "0.1.0";
          src = self;
          cargoLock.lockFile = ./Cargo.lock;
          cargoBuildFlags = [ "-p" "gx" ];
          # bindgen loads libclang to read RocksDB's header; the hook sets LIBCLANG_PATH and the include paths.
          nativeBuildInputs = [ pkgs.rustPlatform.bindgenHook ];
          # Tests need user namespaces, which a Nix build does not give: see `checks`.
          doCheck = false;
          meta = {
            description = "A hermetic build engine";
            license = with pkgs.lib.licenses; [ asl20 mit ];
            platforms = systems;
            mainProgram = "gx";
          };
        };
    in
    {
      packages = each (pkgs: { default = package pkgs; });

      devShells = each (pkgs: {
        default = pkgs.mkShell {
          inputsFrom = [ (package pkgs) ];
          packages = with pkgs; [
            bubblewrap
            busybox
            cargo-deny
            ccache
            clippy
            ninja
            (python3.withPackages (python: [ python.protobuf ]))
            rust-analyzer
            rustfmt
          ];
        };
      });

      checks = each (pkgs: {
        package = package pkgs;
        # The tests that need no namespaces; the others say SKIPPED there.
        tests = (package pkgs).overrideAttrs (_: {
          pname = "gx-tests";
          doCheck = true;
          checkType = "release";
          cargoTestFlags = [ "--workspace" ];
          nativeCheckInputs = [ pkgs.git ];
        });
        format = pkgs.runCommand "gx-format" { nativeBuildInputs = [ pkgs.cargo pkgs.rustfmt ]; } ''
          cp -r ${self} source && chmod -R u+w source && cd source
          cargo fmt --all --check
          touch $out
        '';
      });
    };
}
