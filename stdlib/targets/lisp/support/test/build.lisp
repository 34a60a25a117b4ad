;;; Compiles files into one: the folder of the result, then the files in order.
;;; A warning is a failure.

(let ((out (second sb-ext:*posix-argv*))
      (parts '()))
  (dolist (file (cddr sb-ext:*posix-argv*))
    (let ((fasl (format nil "~A/build/~A.fasl" out (length parts))))
      (ensure-directories-exist fasl)
      (multiple-value-bind (made warned failed)
          (compile-file file :output-file (merge-pathnames fasl) :verbose nil :print nil)
        (when (or (null made) warned failed)
          (sb-ext:exit :code 1))
        (push made parts)
        (load made))))
  (with-open-file (all (format nil "~A/conform.fasl" out)
                       :direction :output :element-type '(unsigned-byte 8))
    (dolist (part (reverse parts))
      (with-open-file (in part :element-type '(unsigned-byte 8))
        (loop for byte = (read-byte in nil)
              while byte
              do (write-byte byte all))))))
